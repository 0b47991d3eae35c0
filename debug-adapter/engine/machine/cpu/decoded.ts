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
