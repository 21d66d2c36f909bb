/** The file of a worker or child beside the caller: .ts in a checkout, .js in the bundled program. */

/** `base` is import.meta.url of the caller, `name` the sibling without extension. */
export function siblingUrl(base: string, name: string): URL {
  return new URL(`./${name}${base.endsWith('.ts') ? '.ts' : '.js'}`, base);
}
