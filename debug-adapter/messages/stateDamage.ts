/** What can be wrong with an encoded machine state (CBOR). Each text ends a sentence about a snapshot. */
export const stateDamage = {
  extraBytes: (count: number) => `${count} bytes follow its end`,
  truncated: (at: number) => `it is truncated at byte ${at}`,
  lengthForm: (at: number) => `byte ${at} has an unknown length form`,
  tooDeep: (at: number) => `it is nested too deeply at byte ${at}`,
  value: (at: number) => `byte ${at} has an unknown value`,
  fieldName: (at: number) => `the field before byte ${at} has no name`,
  tag: (tag: number, at: number) => `the value before byte ${at} has an unknown tag (${tag})`,
};
