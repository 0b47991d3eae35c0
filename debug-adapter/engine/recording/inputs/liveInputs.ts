import type { Host } from '../../base/host.ts';
import type { Position } from '../../base/quantities.ts';
import type { Inputs, InputStatus, OutsideEvent } from '../../machine/inputs.ts';
import type { InputSource } from './inputSource.ts';

/**
 * The inputs of a live machine: several sources, asked in order. With no source that minds idling this is
 * `idle: warp`, where the machine's clock jumps to its next deadline by itself; with a `RealtimeIdle` as the last
 * source it is `idle: realtime`. Nobody listens to its disk requests: a `Recorder` around it does.
 */
export class LiveInputs implements Inputs {
  readonly #sources: readonly InputSource[];
  readonly #world: World;

  constructor(sources: readonly InputSource[], world: World = NO_WORLD) {
    this.#sources = sources;
    this.#world = world;
  }

  nextPosition(status: InputStatus): Position {
    let earliest = Infinity;
    for (const source of this.#sources) earliest = Math.min(earliest, source.nextPosition(status));
    return earliest;
  }

  take(status: InputStatus): OutsideEvent | undefined {
    for (const source of this.#sources) {
      const event = source.take(status);
      if (event) return event;
    }
    return undefined;
  }

  /** A clock that is set before 1970 says 1970: no recording can hold less. */
  hostTime(): number {
    return Math.max(0, Math.floor(this.#world.dateMilliseconds()));
  }

  entropy(_position: Position, lengthBytes: number): Uint8Array {
    return this.#world.entropy(lengthBytes);
  }

  digestOf(): bigint {
    return 0n;
  }

  blockRequest(): void {}

  blockCompletion(): void {}
}

/** What devices may ask of the host. */
export type World = Pick<Host, 'dateMilliseconds' | 'entropy'>;

/** For machines that are to be the same each time without a recording: it is 1970, and every byte is zero. */
const NO_WORLD: World = { dateMilliseconds: () => 0, entropy: (lengthBytes) => new Uint8Array(lengthBytes) };
