/** WGSL that emits take from one another: counted repetition and the names of a vec4's lanes. */

export const range = (count: number) => Array.from({ length: count }, (_, i) => i);
export const lines = (items: string[]) => items.join('\n');
export const LANES = ['x', 'y', 'z', 'w'] as const;
