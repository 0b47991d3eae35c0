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

  constructor(sources: readonly InputSource[]) {
    this.#sources = sources;
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

  blockRequest(): void {}

  blockCompletion(): void {}
}
