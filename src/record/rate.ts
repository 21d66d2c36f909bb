/** The throughput of a sample: its FLOPs over its seconds. */

interface Timed {
  flops: number;
  seconds: number;
}

/** Throughput in FLOP/s. */
export const rateOf = ({ flops, seconds }: Timed) => flops / seconds;

/** Throughput in TFLOPS, the unit of records and charts. */
export const tflopsOf = (sample: Timed) => rateOf(sample) / 1e12;
