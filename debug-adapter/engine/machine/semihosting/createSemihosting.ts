import type { MachineControl } from '../board.ts';
import { MachineInspector } from '../machineInspector.ts';
// Cycle: a machine creates its `Semihosting` object, which reads the machine.
import type { Machine } from '../machine.ts';
import type { MachineOptions } from '../machineOptions.ts';
import { CLOCK_PORT } from '../ports/clockPort.ts';
import { HOST_FILE_PORT } from '../ports/hostFilePort.ts';
import { CallMemory } from './callMemory.ts';
import { Semihosting } from './semihosting.ts';

/** Creates the `Semihosting` object for a machine under construction and connects it to the harts, RAM and inputs. */
export function createSemihosting(
  machine: Machine,
  clock: MachineControl,
  onConsoleByte: MachineOptions['onConsoleByte'],
): Semihosting {
  const inspector = new MachineInspector(machine);
  return new Semihosting({
    harts: machine.harts,
    ram: machine.ram,
    memory: new CallMemory(machine.ram, (address) => inspector.translate(address)),
    outside: {
      hostTime: () => machine.board.ports.ask(CLOCK_PORT, undefined),
      hostFile: (question) => machine.board.ports.ask(HOST_FILE_PORT, question),
    },
    nanoseconds: () => clock.now(),
    print: (bytes) => bytes.forEach((byte, i) => onConsoleByte(byte, clock.position(), i)),
    exit: (status) => machine.board.testDevice.request({ kind: status === 0 ? 'pass' : 'fail', code: status }),
    attention: () => clock.attention(),
  });
}
