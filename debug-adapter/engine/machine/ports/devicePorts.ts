import { assert } from '../../base/assert.ts';
import type { Position } from '../../base/quantities.ts';
import type { Inputs } from '../inputs.ts';
import type { EventPort, QueryPort } from './inputPort.ts';

/** Connects the devices of one machine to its `Inputs`: encodes and decodes payloads, and delivers events. */
export class DevicePorts {
  private readonly inputs: () => Inputs;
  private readonly position: () => Position;
  private readonly receivers = new Map<number, (payload: Uint8Array) => void>();

  /** `inputs` returns the current inputs of the machine, and `position` its position during a step. */
  constructor(inputs: () => Inputs, position: () => Position) {
    this.inputs = inputs;
    this.position = position;
  }

  /** Makes a device the receiver of a port's events. */
  connect<Event>(port: EventPort<Event>, receive: (event: Event) => void): void {
    this.receivers.set(port.number, (payload) => receive(port.events.decode(payload)));
  }

  /** Delivers an event to the device that is connected to the port. */
  deliver(port: number, payload: Uint8Array): void {
    const receive = this.receivers.get(port);
    assert(receive, 'a device is connected to the port');
    receive(payload);
  }

  /** Queries the host. The answer becomes part of the current step. */
  ask<Query, Answer>(port: QueryPort<Query, Answer>, query: Query): Answer {
    return port.answers.decode(this.inputs().answer(this.position(), port, query));
  }
}
