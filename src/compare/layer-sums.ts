/** The attention of whole models from measurements of their kinds of layers: sums, not measurements. */

import { flops } from '../problem/flops.ts';
import { layerWorkload, MODELS } from '../problem/models.ts';
import { sameProblem } from '../problem/workload.ts';
import type { LayerSum, Measured, RunDocument } from '../record/measurement.ts';

/** The sums of the models that a run is about, for each length and batch of it. */
export function layerSums({ context, measurements }: Pick<RunDocument, 'context' | 'measurements'>): LayerSum[] {
  const measured = measurements.filter((m): m is Measured => m.state === 'measured');
  // A record of another version may name a model that this one does not know.
  const models = (context.models ?? []).flatMap((name) => MODELS.filter((model) => model.name === name));
  return models.flatMap((model) => {
    const own = measurements.filter(({ workload }) =>
      model.layers.some((layer) => sameProblem(workload, layerWorkload(layer, workload.seqQuery, workload.batch))),
    );
    const sizes = new Map(own.map(({ workload: w }) => [`${w.seqQuery} ${w.batch}`, w]));
    return [...sizes.values()].map(({ seqQuery, batch, dtype }) => {
      const layers = model.layers.map(({ kind, count, ...shape }) => {
        const workload = layerWorkload({ kind, count, ...shape }, seqQuery, batch, dtype);
        const candidates = measured.filter((m) => sameProblem(m.workload, workload));
        const [fastest] = candidates.sort((a, b) => a.passSeconds - b.passSeconds);
        return {
          ...{ kind, count, workload },
          kernel: fastest?.kernel ?? null,
          seconds: fastest === undefined ? null : count * fastest.passSeconds,
        };
      });
      const whole = layers.every(({ seconds }) => seconds !== null);
      return {
        ...{ model: model.name, label: model.label, seq: seqQuery, batch, layers },
        flops: layers.reduce((sum, { count, workload }) => sum + count * flops(workload), 0),
        seconds: whole ? layers.reduce((sum, { seconds }) => sum + (seconds ?? 0), 0) : null,
      };
    });
  });
}
