import { counted } from './shown.ts';

/** What can be wrong with an encoded machine state (CBOR). Each string completes a sentence about a snapshot. */
export const stateDamage = {
  extraBytes: (count: number) => `it is followed by ${counted(count, 'unexpected byte')}`,
  truncated: (at: number) => `it is truncated at byte ${at}`,
  lengthForm: (at: number) => `byte ${at} has an unknown length encoding`,
  tooDeep: (at: number) => `it is nested too deeply at byte ${at}`,
  value: (at: number) => `byte ${at} is an unknown simple value`,
  fieldName: (at: number) => `the field before byte ${at} has no name`,
  tag: (tag: number, at: number) => `the value before byte ${at} has an unknown tag (${tag})`,
};

/** What can be wrong with one field of a machine state. Each string completes a sentence about a snapshot. */
export const fieldDamage = {
  missing: (field: string) => `the field "${field}" is missing`,
  number: (field: string) => `the field "${field}" is not a number`,
  range: (field: string) => `the field "${field}" is out of range`,
  bigint: (field: string) => `the field "${field}" is not a bignum`,
  boolean: (field: string) => `the field "${field}" is not a boolean`,
  bytes: (field: string) => `the field "${field}" is not a byte string`,
  text: (field: string) => `the field "${field}" is not a string`,
  choice: (field: string) => `the field "${field}" has an unknown value`,
  list: (field: string) => `the field "${field}" is not a list`,
  length: (field: string) => `the list "${field}" has the wrong length`,
  record: (field: string) => `the field "${field}" has no named fields`,
};
