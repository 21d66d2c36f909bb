/** Where kernels run: a device, a variant of the engine and a number of threads, described whole when it is opened. */

import { messageOf, openHung } from '../messages.ts';
import type { Device, Environment, Host } from './contract.ts';
import { guarded, OPEN_LIMIT_S } from './watchdog.ts';

/** A host that can be ended at once, whatever it is doing. */
export interface KillableHost extends Host {
  kill(): void;
}

/** A device with one variant of the engine and one number of threads, or the reason why it is not there. */
export type Target = OpenTarget | UnavailableTarget;

/** A target whose hosts can be opened: child processes in Node, workers in a browser. */
export interface OpenTarget {
  state: 'open';
  /** "node", "browser" or "mock". */
  host: string;
  environment: Environment;
  /** Seconds that opening a host took. */
  openSeconds: number;
  /** What the user should know of it before measuring. */
  note?: string;
  /** Opens a fresh host. */
  open(): Promise<KillableHost>;
  /** Closes the host that was opened to learn the environment, if nobody has taken it: a waiting child keeps its parent alive. */
  close(): Promise<void>;
}

/** A target where nothing can run, with the reason. */
export interface UnavailableTarget {
  state: 'unavailable';
  host: string;
  reason: string;
}

/** What the opener of a target knows of its device beyond what the host in it finds. */
export interface TargetDescription {
  host: string;
  open: () => Promise<KillableHost>;
  /** How the kernels are compiled, where there is a choice, and why so. */
  variant?: { variant: string; reason: string | null; note?: string };
  /** The browser that it is used through, with its version. */
  browser?: string;
  /** What to call the device, from what the host calls it. */
  nameOf?: (device: Device) => string;
}

/** Opens a host once to learn the environment; that host is the first one handed out. Where it cannot be opened, the target says why. */
export async function openTarget(description: TargetDescription): Promise<Target> {
  const { host } = description;
  let first: KillableHost | undefined;
  try {
    const begin = performance.now();
    const opened = await description.open();
    first = opened;
    const found = await guarded(
      OPEN_LIMIT_S,
      openHung,
      () => opened.kill(),
      () => opened.environment(),
    );
    const openSeconds = (performance.now() - begin) / 1000;
    return {
      state: 'open',
      host,
      openSeconds,
      environment: { ...found, device: describedDevice(found.device, description) },
      ...(description.variant?.note === undefined ? {} : { note: description.variant.note }),
      async open() {
        const opened = first ?? (await description.open());
        first = undefined;
        return opened;
      },
      async close() {
        await first?.close();
        first = undefined;
      },
    };
  } catch (error) {
    await first?.close();
    return { state: 'unavailable', host, reason: messageOf(error) };
  }
}

function describedDevice(device: Device, { variant, browser, nameOf }: TargetDescription): Device {
  return {
    ...device,
    name: nameOf?.(device) ?? device.name,
    ...(variant === undefined ? {} : { variant: variant.variant, variantReason: variant.reason }),
    ...(browser === undefined ? {} : { browser }),
  };
}
