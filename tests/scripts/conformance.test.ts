/** The counts of the conformance table: what cannot be opened or dies is a failure by name, and no difference. */

import { expect, it } from 'vitest';
import { scalarFlash } from '../../kernels/scalar/flash.ts';
import { caseTensors, conformanceCases } from '../../scripts/conformance/cases.ts';
import { prepareCase } from '../../scripts/conformance/check.ts';
import { formatTallies, isWrong, tallyKernel } from '../../scripts/conformance/tally.ts';
import { createScalarHost } from '../../src/host/cpu/scalar-host.ts';
import { openTarget } from '../../src/host/target.ts';

const CASES = conformanceCases()
  .slice(0, 3)
  .map((c) => prepareCase(c, caseTensors(c)));

/** A target whose first host dies in its second run. */
const mortal = () => {
  let [hosts, runs] = [0, 0];
  return openTarget({
    host: 'node',
    async open() {
      hosts += 1;
      const [host, own] = [createScalarHost('this CPU', 2 ** 32), hosts];
      let dead = false;
      return {
        ...host,
        kill: () => {},
        async environment() {
          if (dead) throw new Error('it is gone');
          return host.environment();
        },
        async run(id: number) {
          runs += 1;
          dead = own === 1 && runs === 2;
          if (dead) throw new Error('the child died');
          return host.run(id);
        },
      };
    },
  });
};

it('a target that cannot be opened fails the kernel, with its reason', async () => {
  const target = { state: 'unavailable', host: 'node', reason: 'there is no such device' } as const;
  const tally = await tallyKernel(scalarFlash, target, CASES, () => 0);
  expect(isWrong(tally)).toBe(true);
  expect(tally).toMatchObject({ agree: 0, differ: [], failed: [expect.stringContaining('there is no such device')] });
  expect(formatTallies([tally])).toMatch(/^scalar-flash: FAILED .*there is no such device$/m);
});

it('a host that dies fails its case, and the next one runs on another host', async () => {
  const tally = await tallyKernel(scalarFlash, await mortal(), CASES, () => 0.5);
  expect(tally).toMatchObject({
    agree: 2,
    differ: [],
    failed: [expect.stringMatching(/^seed 1001, .*the child died$/)],
  });
  expect(isWrong(tally)).toBe(true);
});

it('a difference is no failure, and all right is neither', async () => {
  const host = async () => ({ ...createScalarHost('this CPU', 2 ** 32), kill: () => {} });
  const target = await openTarget({ host: 'node', open: host });
  const tally = await tallyKernel(scalarFlash, target, CASES, (index) => (index === 1 ? 2 : 0.5));
  expect(tally).toMatchObject({ agree: 2, failed: [], differ: [expect.stringMatching(/^seed 1001, .*2 times/)] });
  expect(isWrong(tally)).toBe(true);
  const right = await tallyKernel(scalarFlash, await openTarget({ host: 'node', open: host }), CASES, () => 0.5);
  expect(isWrong(right)).toBe(false);
  expect(formatTallies([right])).toMatch(/3 +0 +0 +0 +0\.50 .*right$/m);
});
