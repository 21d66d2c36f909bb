/** What a WebGPU adapter is: its name and vendor, whether a CPU emulates it, its features and limits. */

/** What an adapter says of itself beside its name; empty where it does not say. */
export interface AdapterInfo {
  vendor: string;
  architecture: string;
  device: string;
  description: string;
  /** Invocations of its smallest and largest subgroups; 0 where it does not say. */
  subgroupMinSize: number;
  subgroupMaxSize: number;
}

/** What is asked of an adapter before a device of it is opened. */
export interface AdapterDescription {
  name: string;
  /** As WebGPU names vendors: amd, apple, intel, nvidia and others; undefined where the adapter does not say. */
  vendor: string | undefined;
  /** What else it says of itself. */
  info: AdapterInfo;
  /** True where a CPU emulates it. */
  software: boolean;
  features: string[];
  /** Its limits that matter to the kernels, by WebGPU's names. */
  limits: Record<string, number>;
}

const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const;

/** Describes an adapter. Its name is the most telling of those that it gives. */
export function describeAdapter(adapter: GPUAdapter): AdapterDescription {
  const { info } = adapter;
  const name = info.description || info.device || info.architecture || info.vendor || 'unnamed adapter';
  return {
    name,
    vendor: info.vendor || undefined,
    info: infoOf(info),
    software: isSoftware(adapter),
    features: [...adapter.features].sort(),
    limits: Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]])),
  };
}

function infoOf(info: GPUAdapterInfo): AdapterInfo {
  const { vendor, architecture, device, description, subgroupMinSize = 0, subgroupMaxSize = 0 } = info;
  return { vendor, architecture, device, description, subgroupMinSize, subgroupMaxSize };
}

/** Fallback adapters say so; some software drivers only by their names. */
function isSoftware(adapter: GPUAdapter): boolean {
  const { info } = adapter;
  const names = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`;
  return info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|softpipe|basic render/i.test(names);
}
