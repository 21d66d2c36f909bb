/** The throughput of a sample: FLOPs that ran over the seconds that they took. */

interface Timed {
  flops: number;
  seconds: number;
}

/** FLOP/s. */
export const rateOf = ({ flops, seconds }: Timed) => flops / seconds;

/** TFLOPS, the unit of records and charts. */
export const tflopsOf = (sample: Timed) => rateOf(sample) / 1e12;
