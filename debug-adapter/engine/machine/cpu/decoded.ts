import { OP, type OperationName } from './operations.ts';

/** A decoded instruction: an operation and its fields. Branches are in their NEAR form. */
export interface Decoded {
  operation: number;
  rd: number;
  rs1: number;
  rs2: number;
  /** The sign-extended immediate, which is already shifted for LI and AUIPC. */
  immediate: number;
  lengthBytes: 2 | 4;
}

export const make = (operation: OperationName, rd: number, rs1: number, rs2: number, immediate: number): Decoded => ({
  operation: OP[operation],
  rd,
  rs1,
  rs2,
  immediate,
  lengthBytes: 4,
});

/** An illegal instruction. */
export const illegal = (): Decoded => make('ILLEGAL', 0, 0, 0, 0);

export const named = (
  name: OperationName | undefined,
  rd: number,
  rs1: number,
  rs2: number,
  immediate: number,
): Decoded => (name ? make(name, rd, rs1, rs2, immediate) : illegal());
