import { a, assemble, type Item } from '../engine/machine/cpu/assembler.ts';

/**
 * A guest that prints the address at which it runs and the words that it finds in memory, each as a 16-digit number,
 * and powers off. It is raw code that runs at any address, in machine or supervisor mode.
 */
export function probe(addresses: readonly number[] = []): Uint8Array {
  const says: Item[] = addresses.map((address): Item => [
    a.li(VALUE, address),
    a.lwu(VALUE, 0, VALUE),
    a.to('print', (offset) => a.jal(RETURN, offset)),
  ]);
  return assemble([
    a.auipc(VALUE, 0),
    a.li(UART, 0x1000_0000),
    a.to('print', (offset) => a.jal(RETURN, offset)),
    ...says,
    [a.li(DIGIT, 10), a.sb(DIGIT, 0, UART)],
    [a.li(VALUE, 0x10_0000), a.li(DIGIT, 0x5555), a.sw(DIGIT, 0, VALUE), 'end:', a.j('end')],
    ...PRINT,
  ]);
}

const RETURN = 1;
const [VALUE, UART, SHIFT, DIGIT, TEN] = [10, 11, 12, 13, 14];

/** Prints a value in hexadecimal, followed by a space. */
const PRINT: Item[] = [
  'print:',
  [a.li(SHIFT, 60), a.li(TEN, 10)],
  'next:',
  [a.srl(DIGIT, VALUE, SHIFT), a.andi(DIGIT, DIGIT, 15)],
  a.to('decimal', (offset) => a.blt(DIGIT, TEN, offset)),
  a.addi(DIGIT, DIGIT, 39),
  'decimal:',
  [a.addi(DIGIT, DIGIT, 48), a.sb(DIGIT, 0, UART), a.addi(SHIFT, SHIFT, -4)],
  a.to('next', (offset) => a.bge(SHIFT, 0, offset)),
  [a.li(DIGIT, 32), a.sb(DIGIT, 0, UART)],
  a.jalr(0, 0, RETURN),
];
