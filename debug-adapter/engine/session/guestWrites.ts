import { assert } from '../base/assert.ts';
import type { GuestAddress, Position } from '../base/quantities.ts';
import type { Inspector } from '../target/inspector.ts';
import { PC_REGISTER, type Target } from '../target/target.ts';
import { ramAddress } from './ramAddress.ts';

/** Changes that the debugger makes to the machine at its live end. Each is recorded, so that a replay repeats it. */
export class GuestWrites {
  private target: Target;
  private inspector: Inspector;
  private onWritten: (from: Position, to: Position) => void;

  /** `onWritten` is called after each change, with the positions before and after it. */
  constructor(target: Target, inspector: Inspector, onWritten: (from: Position, to: Position) => void) {
    this.target = target;
    this.inspector = inspector;
    this.onWritten = onWritten;
  }

  /**
   * Writes guest memory, either all bytes or none. The write is recorded as one step for each page. Throws a UserError
   * if the address is not in RAM or the machine is not at its live end.
   */
  memory(address: bigint, bytes: Uint8Array): void {
    const parts: { address: GuestAddress; bytes: Uint8Array }[] = [];
    for (let done = 0; done < bytes.length;) {
      const at = address + BigInt(done);
      const part = bytes.slice(done, done + Math.min(bytes.length - done, 4096 - Number(at & 0xfffn)));
      parts.push({ address: ramAddress(this.inspector, at, part.length), bytes: part });
      done += part.length;
    }
    this.write(() => {
      for (const part of parts) this.target.writeMemory(part.address, part.bytes);
    });
  }

  /**
   * Writes an integer register, or the program counter as register 32. The write is one recorded step. Throws a
   * UserError if the machine is not at its live end.
   */
  register(register: number, value: bigint): void {
    assert(register >= 0 && register <= PC_REGISTER, 'there is no such register');
    if (register > 0) this.write(() => this.target.writeRegister(register, BigInt.asUintN(64, value)));
  }

  private write(change: () => void): void {
    const from = this.target.position;
    change();
    this.onWritten(from, this.target.position);
  }
}
