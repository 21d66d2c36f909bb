/** A device notes its errors apart from the calls that cause them; here they become exceptions of those calls. */

/** Runs `action`; throws any validation, memory or internal error that the device noted meanwhile. */
export async function checked<T>(device: GPUDevice, action: () => T | Promise<T>): Promise<T> {
  const filters: GPUErrorFilter[] = ['validation', 'out-of-memory', 'internal'];
  for (const filter of filters) device.pushErrorScope(filter);
  // The scopes are popped whatever happens; an error of the device says more than the exception that it led to.
  const outcome = await Promise.resolve()
    .then(action)
    .then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
  const errors = await Promise.all(filters.map(() => device.popErrorScope()));
  const noted = errors.find((item) => item !== null);
  if (noted) throw new Error(noted.message);
  if ('error' in outcome) throw outcome.error;
  return outcome.value;
}
