/** The steps of the online softmax as the listings of kernels on a CPU tell them, between the scores and the write. */

/** Lines of a listing. */
export const SOFTMAX_STEPS: readonly string[] = [
  "      row maximum   m' = max(m, s)",
  "      rescale       r = e^(m - m')",
  "      exponentials  p = e^(s - m')",
  '      row sum       l = l r + sum of p',
  '      accumulate    sums = sums r + p v',
];
