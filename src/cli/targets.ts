/** Opens the places that a run needs, and pairs kernels with them. */

import type { Backend, Kernel } from '../../kernels/kernel.ts';
import type { Device } from '../host/contract.ts';
import type { Place } from '../host/target.ts';
import { ceilingOf } from '../measure/ceilings.ts';
import type { Contender } from '../host/pool.ts';
import { leftOut, tileUnusable, tileUsed } from '../messages.ts';
import { openSpots, type Spot, type SpotRequest } from './runtimes.ts';
import { findTile, readTiles, type TunedTile } from './tuned-configurations.ts';

export interface PlaceRequest extends SpotRequest {
  kernels: Kernel[];
  backend: Backend | 'auto';
  /** True where the user named the kernels: then a backend that cannot be opened is told by skipped points. */
  named: boolean;
  /** Add a place's ceiling to its kernels. */
  ceilings: boolean;
  /** 'default': the shipped tiles; a file of tiles; null: those of bench tune, where it has found better ones. */
  tiles: string | null;
}

export interface OpenPlaces {
  contenders: Contender[];
  devices: Device[];
  /** Lines to say before measuring. */
  notices: string[];
  /** Ends browsers, servers and hosts that nobody leased; the others are closed by whoever leased them. */
  close(): Promise<void>;
}

/**
 * One place for each backend of the kernels in each spot. With --backend auto and no kernels named, a WebGPU that is not
 * there is left out with one line; asked for by name, it stays and its points are skipped with the reason. `firstDevice` is
 * the number of the first device in the run's context.
 */
export async function openPlaces(request: PlaceRequest, firstDevice = 0): Promise<OpenPlaces> {
  const spots = await openSpots(request);
  const places: NamedPlace[] = [];
  const close = async () => {
    await Promise.all(places.map(({ place }) => place.close()));
    await Promise.all(spots.map((spot) => spot.close()));
  };
  try {
    return { ...(await fillPlaces(places, spots, request, firstDevice)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A place, and the kernels that it is for. */
interface NamedPlace {
  key: string;
  place: Place;
}

/** Opens the places one after another into `places`, so that those that are open can be closed whatever happens. */
async function fillPlaces(places: NamedPlace[], spots: readonly Spot[], request: PlaceRequest, firstDevice: number) {
  const key = (kernel: Kernel) => `${kernel.backend} ${kernel.place ?? ''}`;
  const first = new Map(request.kernels.map((kernel) => [key(kernel), kernel]));
  const devices: Device[] = [];
  const notices: string[] = [];
  for (const spot of spots) {
    for (const [name, { backend, place: device }] of first) {
      const place = await spot.place(backend, device);
      if (place.environment === null && backend === 'webgpu' && request.backend === 'auto' && !request.named) {
        notices.push(leftOut(backend, place.unavailable ?? ''));
        continue;
      }
      if (place.environment !== null) {
        place.device = firstDevice + devices.length;
        devices.push(place.environment.device);
        const { note } = place.environment.device.clock;
        if (note !== null) notices.push(note);
      }
      places.push({ key: name, place });
    }
  }
  // Ablations vary the shipped tile; beside them the kernel that they vary keeps it too.
  const shipped = request.tiles === 'default' || request.kernels.some(({ ablation }) => ablation !== undefined);
  const tiles = shipped ? [] : readTiles(request.tiles);
  const contenders: Contender[] = request.kernels.flatMap((kernel) =>
    places
      .filter((item) => item.key === key(kernel))
      .map(({ place }) => ({ kernel: tuned(kernel, place, tiles, notices), place })),
  );
  for (const { place } of request.ceilings ? places : []) {
    const ceiling = await ceilingOf(place);
    if (ceiling !== null) contenders.push({ kernel: ceiling, place, ceiling: true });
  }
  return { contenders, devices, notices };
}

/** The kernel with the tiles found for its place, where there are any; each is told once. */
function tuned(kernel: Kernel, place: Place, tiles: readonly TunedTile[], notices: string[]): Kernel {
  const { tunable } = kernel;
  const { environment } = place;
  if (tunable === undefined || environment === null) return kernel;
  const { device, limits } = environment;
  const own = tiles.filter((item) => item.kernel === kernel.name && item.device === device.name);
  for (const { headDim, mask, date, ratio } of own.filter((item) => item.variant === place.variant)) {
    notices.push(tileUsed(kernel.name, headDim, mask, date, ratio));
  }
  const said = new Set<string>();
  return {
    ...kernel,
    build(workload, features, deviceLimits) {
      const { headDim, mask, dtype } = workload;
      const key = { kernel: kernel.name, device: device.name, variant: place.variant, headDim, mask, dtype };
      const found = findTile(own, key);
      if (found === undefined) return kernel.build(workload, features, deviceLimits);
      const problem = tunable.problem(found.tile, workload, features, limits);
      if (problem === undefined) return tunable.build(workload, features, found.tile);
      if (!said.has(problem)) process.stderr.write(`${tileUnusable(kernel.name, headDim, problem)}\n`);
      said.add(problem);
      return kernel.build(workload, features, deviceLimits);
    },
  };
}
