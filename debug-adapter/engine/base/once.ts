/**
 * Returns a function that computes a value on its first call and then returns the cached value, so that startup does
 * not have to wait for the computation.
 */
export function lazy<T>(compute: () => T): () => T {
  let computed: { value: T } | undefined;
  return () => (computed ??= { value: compute() }).value;
}
