/** What the page may load and run: a header of bench serve, and a tag in index.html for other hosts. */

/** The directives of the page's Content-Security-Policy. */
export const CONTENT_POLICY = [
  "default-src 'none'",
  // WebAssembly is compiled from bytes made in the page.
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self' data:",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');
