/** Prepared programs by number, the bookkeeping that every host needs. */

export interface PreparedTable<T> {
  add(entry: T): number;
  get(id: number): T;
  take(id: number): T;
  all(): T[];
}

export function createPreparedTable<T>(): PreparedTable<T> {
  const entries = new Map<number, T>();
  let last = 0;
  const get = (id: number): T => {
    const entry = entries.get(id);
    if (entry === undefined) throw new RangeError(`nothing is prepared under number ${id}`);
    return entry;
  };
  return {
    add(entry) {
      last += 1;
      entries.set(last, entry);
      return last;
    },
    get,
    take(id) {
      const entry = get(id);
      entries.delete(id);
      return entry;
    },
    all: () => [...entries.values()],
  };
}
