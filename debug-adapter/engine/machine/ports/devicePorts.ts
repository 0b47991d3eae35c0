import { assert } from '../../base/assert.ts';
import type { Position } from '../../base/quantities.ts';
import type { Inputs } from '../inputs.ts';
import type { EventPort, QueryPort } from './inputPort.ts';

/** The device that receives the events of a port. */
export interface EventReceiver<Event> {
  receive: (event: Event) => void;
  /** The virtual time from which the device accepts another event; Infinity while it is not listening. */
  readyNanoseconds: () => number;
}

/** Connects the devices of one machine to its `Inputs`: encodes and decodes payloads, and delivers events. */
export class DevicePorts {
  private readonly inputs: () => Inputs;
  private readonly position: () => Position;
  private readonly receivers = new Map<number, ConnectedReceiver>();

  /** `inputs` returns the current inputs of the machine, and `position` its position during a step. */
  constructor(inputs: () => Inputs, position: () => Position) {
    this.inputs = inputs;
    this.position = position;
  }

  /** Makes a device the receiver of a port's events. */
  connect<Event>({ number, events }: EventPort<Event>, { receive, readyNanoseconds }: EventReceiver<Event>): void {
    this.receivers.set(number, { receive: (payload) => receive(events.decode(payload)), readyNanoseconds });
  }

  /** The virtual time from which the device at the port accepts another event. */
  readyNanoseconds(port: EventPort<unknown>): number {
    return this.receiver(port.number).readyNanoseconds();
  }

  /** Delivers an event to the device that is connected to the port. */
  deliver(port: number, payload: Uint8Array): void {
    this.receiver(port).receive(payload);
  }

  /** Queries the host. The answer becomes part of the current step. */
  ask<Query, Answer>(port: QueryPort<Query, Answer>, query: Query): Answer {
    return port.answers.decode(this.inputs().answer(this.position(), port, query));
  }

  private receiver(port: number): ConnectedReceiver {
    const receiver = this.receivers.get(port);
    assert(receiver, 'a device is connected to the port');
    return receiver;
  }
}

type ConnectedReceiver = EventReceiver<Uint8Array>;
