/** What the steps of bench bringup say. */

/** Why bench bringup leaves something out, and what its steps say when they are over. */
export const bringupTexts = {
  notAskedFor: 'not among --steps',
  kernelNotAskedFor: (kernel: string) => `${kernel} is not among --kernel`,
  noDevice: (why: string) => `no device was opened (${why})`,
  budgetSpent: (seconds: number) => `the budget of ${seconds} s was spent before it began; --budget gives more`,
  noTimeToCheck: 'the budget left no time to check it; --budget gives more',
  notTimed: (why: string) => `not timed: ${why}`,
  notChecked: 'it was not checked',
  nothingToCompare: 'the kernel has no other configuration to compare',
  checks: (right: number, others: readonly string[]) => [`${right} right`, ...others].join(', '),
  checksElsewhere: (count: number) => `${count} not for this device`,
  checksLate: (count: number) => `${count} not checked for want of time (--budget gives more)`,
  checksFailed: (failed: number, all: number, first: string) => `${failed} of ${all} not right; first ${first}`,
  submissionsLeftOut: (lengths: string, sample: string) =>
    `${lengths} left out: a sample of ${sample} would not hold it; a larger --budget makes samples longer`,
  stepDone: (time: string, note: string | null) => `done in ${time}${note === null ? '' : `: ${note}`}`,
} as const;
