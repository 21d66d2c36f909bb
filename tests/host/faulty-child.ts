/** Child processes that go wrong at a chosen moment: what they load before the program listens to the messages that come. */

/**
 * V8 flags for `spawnHost`, and NODE_OPTIONS for children of a command, of a child in which `code` is called with each
 * message before the program gets it: first { backend, ... }, what the child is asked to be, then { method, ... }, its calls.
 * `before` comes first, and may import modules by their URLs. Worker threads of the child load it too.
 */
export function faultyChild(code: string, before = ''): { flags: string[]; nodeOptions: string } {
  const script = `${before}
const emit = process.emit;
process.emit = function (name, message, ...rest) {
  if (name === 'message') { ${code} }
  return emit.call(this, name, message, ...rest);
};`;
  const url = `data:text/javascript,${encodeURIComponent(script)}`;
  return { flags: ['--import', url], nodeOptions: `--import ${url}` };
}
