/** Prepared programs by number: the bookkeeping that every host needs. */

/** What a host prepared, each under a number of its own. */
export interface PreparedTable<T> {
  /** Keeps an entry and returns its number. */
  add(entry: T): number;
  /** Throws RangeError for a number under which nothing is prepared. */
  get(id: number): T;
  /** The same, and forgets the entry. */
  take(id: number): T;
  all(): T[];
}

/** A table with nothing in it. Numbers start at 1. */
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
