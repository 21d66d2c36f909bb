/** The kernels of the form: a box for each, disabled with the reason where its kernel cannot run. */

import { KERNELS } from '../../kernels/index.ts';
import type { Kernel } from '../../kernels/kernel.ts';
import type { Workload } from '../problem/workload.ts';
import { byId, element, lines } from './dom.ts';
import type { TargetReport } from './messages.ts';

/** Kernels that a page can run: ours, except those in machine code, which no browser takes from outside. */
export const OWN: readonly Kernel[] = KERNELS.filter(
  ({ library, backend }) => library === undefined && backend !== 'native',
);

/** Kernels that the user wants, those that cannot run included: they are ticked again once they can. */
const wanted = new Set(OWN.filter(({ backend }) => backend !== 'scalar').map(({ name }) => name));
const boxes = new Map<string, HTMLInputElement>();
/** What the devices answered; empty until then, when every kernel counts as one that can run. */
let targets: readonly TargetReport[] = [];

/** Puts the boxes into the form. */
export function setUpKernels(): void {
  byId('kernels', HTMLFieldSetElement).append(
    ...OWN.map(({ name, summary }) => {
      const box = element('input');
      Object.assign(box, { type: 'checkbox', name: 'kernel', value: name, checked: wanted.has(name) });
      box.setAttribute('aria-describedby', 'cannot-run');
      box.addEventListener('input', () => {
        if (box.checked) wanted.add(name);
        else wanted.delete(name);
      });
      boxes.set(name, box);
      const label = element('label', [box, document.createTextNode(` ${name}`)]);
      label.className = 'check';
      label.title = summary;
      return label;
    }),
  );
}

/** Notes what can run on each device. `showPossible` then shows it. */
export function noteTargets(found: readonly TargetReport[]): void {
  targets = found;
}

/** Enables the boxes of kernels that can run one of `workloads` here, and tells why the others cannot. */
export function showPossible(workloads: readonly Workload[]): void {
  const reasons = new Map<string, string[]>();
  for (const kernel of OWN) {
    const reason = whyNot(kernel, workloads);
    const box = boxes.get(kernel.name);
    if (box !== undefined) {
      box.disabled = reason !== undefined;
      box.checked = reason === undefined && wanted.has(kernel.name);
    }
    if (reason !== undefined) reasons.set(reason, [...(reasons.get(reason) ?? []), kernel.name]);
  }
  byId('cannot-run', HTMLElement).replaceChildren(
    ...lines([...reasons].map(([reason, names]) => `Cannot run here: ${names.join(', ')}: ${reason}.`)),
  );
}

/** Why a kernel can run none of the workloads; undefined where it can run one, or where that is not known yet. */
function whyNot(kernel: Kernel, workloads: readonly Workload[]): string | undefined {
  const target = targets.find(({ backend }) => backend === kernel.backend);
  if (target === undefined) return undefined;
  if (target.environment === null) return target.unavailable;
  const { environment } = target;
  const reasons = workloads.map((workload) => kernel.unsupported(workload, environment));
  return reasons.includes(undefined) ? undefined : reasons[0];
}

/** The names of the kernels that are ticked. */
export const chosenKernels = () => OWN.filter(({ name }) => boxes.get(name)?.checked === true).map(({ name }) => name);
