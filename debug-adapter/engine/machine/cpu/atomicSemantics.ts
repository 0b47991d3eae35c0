import { type Code, i32, i64, select, sequence } from '../../base/wasm/code.ts';
import { setSlot, setSlot32, slot } from './coreContext.ts';
import type { OperationName } from './operations.ts';

/** The kind and width of an A-extension instruction. */
export interface AtomicOperation {
  form: 'AMO' | 'LR' | 'SC';
  isDouble: boolean;
}

/**
 * The A extension (Volume I, chapter 14) for naturally aligned accesses to RAM. The interpreter and the translator
 * share this definition. A reservation consists of the physical address that LR accessed and the value that it read. As
 * in QEMU, SC succeeds if it accesses the same address and the value there has not changed. Any SC, trap or trap return
 * clears the reservation. A store by any hart leaves the reservation intact.
 */
export const ATOMIC: Partial<Record<OperationName, AtomicOperation>> = {
  AMO_W: { form: 'AMO', isDouble: false },
  AMO_D: { form: 'AMO', isDouble: true },
  LR_W: { form: 'LR', isDouble: false },
  LR_D: { form: 'LR', isDouble: true },
  SC_W: { form: 'SC', isDouble: false },
  SC_D: { form: 'SC', isDouble: true },
};

/** The upper five bits of the instruction. The decoded form of an AMO stores them in its immediate. */
export const FUNCT5 = { ADD: 0, SWAP: 1, LR: 2, SC: 3, XOR: 4, OR: 8, AND: 12, MIN: 16, MAX: 20, MINU: 24, MAXU: 28 };

/**
 * Indexed by funct5: computes the value that an AMO writes, given the value in memory and the operand. For word
 * operations, both operands are sign-extended. This also works for MINU and MAXU, because sign extension preserves the
 * unsigned order of words.
 */
export const COMBINE: Readonly<Record<number, (old: Code, operand: Code) => Code>> = {
  [FUNCT5.ADD]: i64.add,
  [FUNCT5.SWAP]: (_, operand) => operand,
  [FUNCT5.XOR]: i64.xor,
  [FUNCT5.OR]: i64.or,
  [FUNCT5.AND]: i64.and,
  [FUNCT5.MIN]: (old, operand) => select(i64.ltS(old, operand), old, operand),
  [FUNCT5.MAX]: (old, operand) => select(i64.gtS(old, operand), old, operand),
  [FUNCT5.MINU]: (old, operand) => select(i64.ltU(old, operand), old, operand),
  [FUNCT5.MAXU]: (old, operand) => select(i64.gtU(old, operand), old, operand),
};

export const reserve = (physicalAddress: Code, value: Code): Code =>
  sequence(
    setSlot32('RESERVED', i32.const(1)),
    setSlot('RESERVED_ADDRESS', physicalAddress),
    setSlot('RESERVED_VALUE', value),
  );

/** Whether there is a reservation with this address and value. */
export const reservationHolds = (physicalAddress: Code, value: Code): Code =>
  i32.and(i64.eq(slot('RESERVED_ADDRESS'), physicalAddress), i64.eq(slot('RESERVED_VALUE'), value));
