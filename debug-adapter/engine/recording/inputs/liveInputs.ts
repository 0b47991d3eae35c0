import type { Host } from '../../base/host.ts';
import type { Position } from '../../base/quantities.ts';
import {
  type FileAnswer,
  type FileQuestion,
  type Inputs,
  type InputStatus,
  NOTHING_YET,
  type OutsideEvent,
} from '../../machine/inputs.ts';
import type { InputSource } from './inputSource.ts';
import type { SharedFolder } from './sharedFolder.ts';

/**
 * The inputs of a live machine: several sources, polled in order. Without a source that handles idling, this is
 * `idle: warp`, where the machine's clock jumps to its next deadline; with a `RealtimeIdle` as the last source it is
 * `idle: realtime`. Disk requests are ignored here; a wrapping `Recorder` records them.
 */
export class LiveInputs implements Inputs {
  readonly #sources: readonly InputSource[];
  readonly #world: World;
  readonly #folder: SharedFolder | undefined;

  /** `folder` contains the files that semihosting may read; without it, there are none. */
  constructor(sources: readonly InputSource[], world: World = NO_WORLD, folder?: SharedFolder) {
    this.#sources = sources;
    this.#world = world;
    this.#folder = folder;
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

  /** Clamped to 1970, because recordings cannot store an earlier time. */
  hostTime(): number {
    return Math.max(0, Math.floor(this.#world.dateMilliseconds()));
  }

  entropy(_position: Position, lengthBytes: number): Uint8Array {
    return this.#world.entropy(lengthBytes);
  }

  hostFile(_position: Position, question: FileQuestion): FileAnswer {
    if (question.kind === 'console') return this.#typed(question.lengthBytes);
    return this.#folder?.answer(question) ?? answer({ error: ENOENT });
  }

  /** Without a console source, the console is at its end. */
  #typed(lengthMax: number): FileAnswer {
    const console = this.#sources.find((source) => source.read);
    if (!console) return answer({});
    const bytes = console.read!(lengthMax);
    return bytes ? answer({ bytes }) : answer({ error: NOTHING_YET });
  }

  digestOf(): bigint {
    return 0n;
  }

  blockRequest(): void {}

  blockCompletion(): void {}
}

/** The host's time and entropy for devices. */
export type World = Pick<Host, 'dateMilliseconds' | 'entropy'>;

const answer = ({ error = 0, bytes = new Uint8Array() }: Partial<FileAnswer>): FileAnswer => ({
  ...{ error, bytes, lengthBytes: 0 },
});
const ENOENT = 2;

/**
 * For machines without a recording that must behave identically each time: the time is 1970, and all random bytes are
 * zero.
 */
const NO_WORLD: World = { dateMilliseconds: () => 0, entropy: (lengthBytes) => new Uint8Array(lengthBytes) };
