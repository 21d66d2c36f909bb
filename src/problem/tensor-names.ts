/** Which tensor of a file is q, k, v or o: by the user's word, by its usual names, or by the end of a longer name. */

import { SafetensorsError } from './safetensors.ts';

/** What a tensor can be; qkv and kv hold several in one, sinks and mask are used where they are asked for. */
export const ROLES = ['q', 'k', 'v', 'o', 'qkv', 'kv', 'sinks', 'mask'] as const;
export type Role = (typeof ROLES)[number];

/** Names that PyTorch, JAX and model files use, the usual one first. */
const NAMES: Record<Role, readonly string[]> = {
  q: ['q', 'query', 'queries', 'query_states', 'query_layer', 'xq', 'q_proj'],
  k: ['k', 'key', 'keys', 'key_states', 'key_layer', 'xk', 'k_proj'],
  v: ['v', 'value', 'values', 'value_states', 'value_layer', 'xv', 'v_proj'],
  o: ['o', 'out', 'output', 'attn_output', 'attn_out', 'attention_output', 'context', 'expected'],
  qkv: ['qkv', 'qkv_packed', 'qkv_proj'],
  kv: ['kv', 'kv_packed'],
  sinks: ['sinks', 'sink', 's_aux', 'attn_sinks', 'attention_sinks'],
  mask: ['mask', 'attn_mask', 'attention_mask', 'attn_bias', 'attention_bias'],
};

/** Tensors by what they are, and the names that are nothing. */
export interface NamedTensors {
  names: Partial<Record<Role, string>>;
  unused: string[];
  /** Of the unused ones those that could be sinks or a mask, by their names. */
  offered: Partial<Record<AskedRole, string>>;
}

/** Roles that a tensor has only where it is asked for: it changes what the others mean. */
export type AskedRole = 'sinks' | 'mask';
const ASKED: readonly Role[] = ['sinks', 'mask'] satisfies readonly AskedRole[];

/** What a name can be called by its end: "layers.0.attn.query" is a query, "my_query" too, "grad_q" is not. */
function endsWith(name: string, alias: string): boolean {
  if (!name.endsWith(alias)) return false;
  const before = name.at(-alias.length - 1) ?? '';
  return './:'.includes(before) || (before === '_' && alias.length > 2);
}

/** The tensors of `names` that are a role by its names: those with the usual one first, then by the end of longer names. */
function candidates(names: readonly string[], role: Role): string[] {
  const exact = NAMES[role].flatMap((alias) => names.filter((name) => name.toLowerCase() === alias));
  if (exact.length > 0) return exact.slice(0, 1);
  return names.filter((name) => NAMES[role].some((alias) => endsWith(name.toLowerCase(), alias)));
}

/**
 * Finds q, k, v and o among the names of a file, and the sinks where `sinks` asks for them; a mask is used where
 * `given` names it. `given` is what --map says, by role. Throws SafetensorsError where a
 * name that was given is not there, where several could be one, and where q, k or v cannot be found.
 */
export function nameTensors(
  names: readonly string[],
  given: Partial<Record<Role, string>> = {},
  sinks = false,
): NamedTensors {
  const there = `it has ${names.length === 0 ? 'no tensors' : names.join(', ')}`;
  const found: Partial<Record<Role, string>> = {};
  for (const role of ROLES) {
    const wanted = given[role];
    if (wanted !== undefined) {
      if (!names.includes(wanted)) throw new SafetensorsError(`it has no tensor '${wanted}'; ${there}`);
      found[role] = wanted;
      continue;
    }
    if (ASKED.includes(role) && !(role === 'sinks' && sinks)) continue;
    // Packed tensors count where the single ones are missing.
    if (role === 'qkv' && found.q !== undefined) continue;
    if (role === 'kv' && (found.k !== undefined || found.qkv !== undefined)) continue;
    const free = names.filter((name) => !Object.values(given).includes(name));
    const [first, ...others] = candidates(free, role);
    if (others.length > 0) {
      throw new SafetensorsError(
        `several tensors can be ${role}: ${[first, ...others].join(', ')}; choose one with --map ${role}=NAME`,
      );
    }
    if (first !== undefined) found[role] = first;
  }
  if (found.qkv === undefined) {
    const missing = found.kv === undefined ? (['q', 'k', 'v'] as const) : (['q'] as const);
    const role = missing.find((item) => found[item] === undefined);
    const [other] = Object.entries(given).find(([, name]) => name === role) ?? [];
    if (role !== undefined && other !== undefined) {
      throw new SafetensorsError(
        `tensor '${role}' is named for ${other}; --map ${role}=NAME names another for ${role}`,
      );
    }
    if (role !== undefined)
      throw new SafetensorsError(`it has no tensor '${role}'; ${there}; --map ${role}=NAME names it`);
  }
  if (sinks && found.sinks === undefined) {
    throw new SafetensorsError(`it has no tensor 'sinks'; ${there}; --map sinks=NAME names it`);
  }
  const used = new Set(Object.values(found));
  const unused = names.filter((name) => !used.has(name));
  const offer = (role: AskedRole) => (found[role] === undefined ? candidates(unused, role)[0] : undefined);
  const offered = Object.entries({ sinks: offer('sinks'), mask: offer('mask') }).filter(
    ([, name]) => name !== undefined,
  );
  return { names: found, unused, offered: Object.fromEntries(offered) };
}
