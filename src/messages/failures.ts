/** Why a case or a part of it failed. */

/** An error over the size of its row, which may be nothing. */
const errorText = (error: number) => (Number.isFinite(error) ? error.toExponential(1) : 'without bound');

export const childDied = (how: string) =>
  `the process that ran it ended (${how}); the other kernels were measured without it`;
export const childHung = (seconds: number) =>
  `no answer after ${seconds.toFixed(0)} s, ten times as long as a run should take: stopped; try a shorter --seq or a smaller --budget`;
export const prepareHung = (seconds: number) =>
  `not ready after ${seconds.toFixed(0)} s, the most that compiling and filling tensors may take: stopped; try a smaller --head-dim, a shorter --seq or another --kernel`;
export const answerHung = (what: string, seconds: number) =>
  `no answer to '${what}' after ${seconds.toFixed(0)} s: stopped; run it again, and if it stays so try another --kernel or --backend`;
export const openHung = (seconds: number) =>
  `it did not open within ${seconds.toFixed(0)} s: stopped; run it again, or leave it out with --backend`;
export const rowsUnwritten = (unwritten: number, rows: number) =>
  `a run wrote nothing into ${unwritten} of its ${rows} output rows, so what it was timed on was not the work; its throughput is not shown: bench verify compares the kernel's output row by row`;
/** Whether a message is that one, which comes from another process as a text. */
export const saysUnwritten = (message: string) => message.startsWith('a run wrote nothing into ');
export const noTime = (seconds: number) =>
  `a run took ${seconds} s by its clock, which stood or was set back: no time to divide by; give it more work (a longer --seq or --full) or leave the machine's clock alone`;
export const aboveLimit = (times: number, rate: string, limit: string) =>
  `its rate, ${rate}, is ${times.toFixed(1)} times the limit that ran beside it (${limit}): either did not do its work, or the clock did not see it; bench ceilings measures the limit alone, bench verify the kernel`;
export const wrongRows = (wrong: number, rows: number, first: string, error: number, tolerance: number) =>
  `wrong result: ${wrong} of the ${rows} rows that ran, ${first} first; relative error ${errorText(error)}, tolerance ${tolerance.toExponential(1)}; its throughput is not shown`;
export const wrongResult = (error: number, tolerance: number) =>
  `wrong result: relative error ${errorText(error)}, tolerance ${tolerance.toExponential(1)}; its throughput is not shown`;
export const headTooLarge = (tensorBytes: number) => `one KV head of this workload is larger than ${tensorBytes} bytes`;
export const wrongProbe = (probe: string, found: number, expected: number) =>
  `the probe ${probe} gave ${found} instead of ${expected}: its rate cannot be trusted`;
export const threadSilent = (seconds: number) => `a WebAssembly thread did not answer within ${seconds} s`;
export const threadFailed = 'a WebAssembly thread ended with an error; --threads 1 shows what it is';
export const defaultFailed = (why: string) => `the default configuration beside it failed (${why})`;
export const noDefaultRuns = (workload: string) =>
  `${workload}: no kernel gives a right result in its default configuration, so there is nothing to compare with; bench devices lists what can run here.`;
/** What stands in place of a gain that has no interval. */
export const noGain = 'fewer than 3 processes; --processes 3 gives an interval';
export const noSharedRound = (what: string) => `no round held ${what}`;
export const notMeasured = 'it was not measured';
export const notFinished = 'the run ended before a sample of this case was verified; give it a larger --budget';
