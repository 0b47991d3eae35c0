import type { SeededRandom } from './seededRandom.ts';

/** Makes one or two unexpected changes to JSON: a different value, a different type, or a missing or extra element. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const VALUES: readonly Json[] = [
  ...[null, true, false, 0, 1, -1, 2, 3, 7, 8, 9, 0.5, -0.5, 1e308, 2 ** 31, 2 ** 32, 2 ** 40, 2 ** 53, 2 ** 63],
  ...[3, 1 << 20, (128 << 20) + 1, 128 << 20, 16 << 20, 4 * 2 ** 30],
  ...['', 'a', 'hd0', 'auto-5', 'raw', 'qcow2', '..', '/', '/dev/zero', '.', '0123456789abcdef', 'replay_init'],
  ...['a\0b', '\u001b[31mred\u001b[0m', 'a\nb', '\ud800', '\u202eabc', 'ü'.repeat(200), 'x'.repeat(300), '__proto__'],
  ...['x'.repeat(100_000), '\u0007'.repeat(1000), 'y/'.repeat(3000)],
  ...[[], {}, [[]], [null], [1, 2, 3], { id: 'hd0' }, { length: 5 }],
];

export function corrupted(json: Json, random: SeededRandom): Json {
  const copy = structuredClone(json);
  for (let left = random.pick([1, 1, 1, 2]); left > 0; left--) spoilOne(copy, random);
  return copy;
}

function spoilOne(json: Json, random: SeededRandom): void {
  const positions = placesIn(json);
  if (positions.length === 0) return;
  const { holder, key } = random.pick(positions);
  const value = (holder as Record<string, Json>)[key];
  const how = random.below(10);
  if (how === 0 && Array.isArray(holder)) holder.splice(Number(key), 1);
  else if (how === 0) delete (holder as Record<string, Json>)[key];
  else if (how === 1 && Array.isArray(value)) value.push(...Array<Json>(random.pick([1, 9, 5000])).fill(value[0] ?? 1));
  else if (how === 2) set(holder, key, nested(random.pick([10, 1000])));
  else if (how === 3) set(holder, key, { ...(typeof value === 'object' ? value : {}), extra: random.pick(VALUES) });
  else if (how === 4 && typeof value === 'number') set(holder, key, value + random.pick([-1, 1, 0.5, 4096]));
  else if (how === 5 && typeof value === 'string')
    set(holder, key, value + random.pick(['\0', '/', '\u001b', '\udc00', ' ']));
  else set(holder, key, random.pick(VALUES));
}

type Holder = Json[] | { [name: string]: Json };

function placesIn(json: Json): { holder: Holder; key: string }[] {
  if (typeof json !== 'object' || json === null) return [];
  return Object.entries(json).flatMap(([key, value]) => [{ holder: json, key }, ...placesIn(value)]);
}

function set(holder: Holder, key: string, value: Json): void {
  (holder as Record<string, Json>)[key] = value;
}

function nested(depth: number): Json {
  let json: Json = [];
  for (let i = 0; i < depth; i++) json = [json];
  return json;
}
