import { CLOCK_PORT } from './clockPort.ts';
import { CONSOLE_PORT } from './consolePort.ts';
import { ENTROPY_PORT } from './entropyPort.ts';
import { HOST_FILE_PORT } from './hostFilePort.ts';
import type { InputPort, PayloadFormat } from './inputPort.ts';

/** `input` for events, `answer` for answers. */
export type Traffic = 'input' | 'answer';

/** The known input ports, by number. */
export class PortTable {
  private readonly ports = new Map<number, InputPort>();

  constructor(ports: readonly InputPort[]) {
    for (const port of ports) this.ports.set(port.number, port);
  }

  /** The format of a port's traffic; undefined if no such port is known. */
  format(traffic: Traffic, number: number): PayloadFormat<unknown> | undefined {
    const port = this.ports.get(number);
    return traffic === 'input' ? port?.events : port?.answers;
  }

  /** All formats of one kind of traffic. */
  formats(traffic: Traffic): PayloadFormat<unknown>[] {
    return [...this.ports.keys()].flatMap((number) => this.format(traffic, number) ?? []);
  }
}

/** The input ports of the virt board. */
export const INPUT_PORTS = new PortTable([CONSOLE_PORT, CLOCK_PORT, ENTROPY_PORT, HOST_FILE_PORT]);
