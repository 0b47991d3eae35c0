/** Computes a value on first use and caches it, so that startup does not wait for it. */
export function lazy<T>(compute: () => T): () => T {
  let computed: { value: T } | undefined;
  return () => (computed ??= { value: compute() }).value;
}
