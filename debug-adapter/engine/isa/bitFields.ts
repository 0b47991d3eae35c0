/** A value that an instruction encodes, possibly in several separate groups of bits. */
export interface BitField {
  /**
   * The groups of consecutive bits. `from` and `to` are the positions of a group's lowest bit in the instruction and in
   * the value. `mask` has a one for each bit of the group, starting at bit 0.
   */
  groups: { from: number; to: number; mask: number }[];
  /** The number of bits above the value in a 32-bit word, if the value is sign-extended; otherwise 0. */
  signShift: number;
}

/**
 * A zero-extended value. As in the manual's notation, `fields` lists the bits of the value that each field of the
 * instruction contains. The key of a field is the number of its highest bit. For example, `31: '12|10:5'` means that
 * bit 31 of the instruction is bit 12 of the value, and that bits 30 to 25 of the instruction are bits 10 to 5 of the
 * value.
 */
export const unsigned = (fields: Record<number, string>): BitField => ({ groups: groupsOf(fields), signShift: 0 });

/** A zero-extended value in consecutive bits of the instruction. */
export const consecutive = (highest: number, lowest: number): BitField => ({
  groups: [{ from: lowest, to: 0, mask: 2 ** (highest - lowest + 1) - 1 }],
  signShift: 0,
});

/** A sign-extended value. `fields` has the same meaning as for `unsigned`. */
export function signed(fields: Record<number, string>): BitField {
  const groups = groupsOf(fields);
  return { groups, signShift: Math.min(...groups.map(({ to, mask }) => Math.clz32(mask << to))) };
}

// These loops use an index because they run before V8 has compiled them; until then, for-of takes about three times as
// long.

/** Extracts the value from an instruction, as a signed 32-bit number. */
export function readField({ groups, signShift }: BitField, bits: number): number {
  let value = 0;
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i];
    value |= ((bits >>> group.from) & group.mask) << group.to;
  }
  return (value << signShift) >> signShift;
}

/**
 * Returns the instruction bits that encode `value`, as a signed 32-bit number. Ignores bits of `value` that do not fit.
 */
export function encodeField({ groups }: BitField, value: number): number {
  let bits = 0;
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i];
    bits |= ((value >>> group.to) & group.mask) << group.from;
  }
  return bits;
}

function groupsOf(fields: Record<number, string>): BitField['groups'] {
  return Object.entries(fields).flatMap(([highest, text]) => {
    let next = Number(highest) + 1;
    return text.split('|').map((range) => {
      const [high, low = high] = range.split(':').map(Number);
      next -= high - low + 1;
      return { from: next, to: low, mask: 2 ** (high - low + 1) - 1 };
    });
  });
}
