/**
 * Returns a function that computes a value on its first call and then returns the cached value, so that startup need
 * not wait for it.
 */
export function lazy<T>(compute: () => T): () => T {
  let computed: { value: T } | undefined;
  return () => (computed ??= { value: compute() }).value;
}
