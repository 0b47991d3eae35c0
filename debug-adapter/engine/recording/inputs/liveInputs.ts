import type { Host } from '../../base/host.ts';
import type { Position } from '../../base/quantities.ts';
import {
  type HostFileResult,
  type HostFileQuery,
  type Inputs,
  type InputStatus,
  NO_INPUT_YET,
  type OutsideEvent,
} from '../../machine/inputs.ts';
import type { InputSource } from './inputSource.ts';
import type { SharedFolder } from './sharedFolder.ts';

/**
 * The inputs of a live machine. They come from several sources, which are polled in order. If the last source is a
 * `RealtimeIdle`, an idle machine waits in real time (`idle: realtime`). Without such a source, an idle machine's clock
 * jumps to its next deadline (`idle: warp`). Disk requests are ignored here, because the `Recorder` that wraps these
 * inputs records them.
 */
export class LiveInputs implements Inputs {
  private readonly sources: readonly InputSource[];
  private readonly hostSources: HostSources;
  private readonly folder: SharedFolder | undefined;

  /** `folder` contains the files that the guest may read through semihosting. Without it, the guest finds no files. */
  constructor(sources: readonly InputSource[], hostSources: HostSources = NO_HOST_SOURCES, folder?: SharedFolder) {
    this.sources = sources;
    this.hostSources = hostSources;
    this.folder = folder;
  }

  nextPosition(status: InputStatus): Position {
    let earliest = Infinity;
    for (const source of this.sources) earliest = Math.min(earliest, source.nextPosition(status));
    return earliest;
  }

  takeEvent(status: InputStatus): OutsideEvent | undefined {
    for (const source of this.sources) {
      const event = source.take(status);
      if (event) return event;
    }
    return undefined;
  }

  /** The host's time. Times before 1970 are replaced by the start of 1970, because recordings cannot store them. */
  hostTime(): number {
    return Math.max(0, Math.floor(this.hostSources.dateMilliseconds()));
  }

  entropy(_position: Position, lengthBytes: number): Uint8Array {
    return this.hostSources.entropy(lengthBytes);
  }

  queryHostFile(_position: Position, question: HostFileQuery): HostFileResult {
    if (question.kind === 'console') return this.consoleBytes(question.lengthBytes);
    return this.folder?.answer(question) ?? answer({ error: ENOENT });
  }

  /** Console input for semihosting. Without a console source, every read returns end of input. */
  private consoleBytes(lengthMax: number): HostFileResult {
    const console = this.sources.find((source) => source.read);
    if (!console) return answer({});
    const bytes = console.read!(lengthMax);
    return bytes ? answer({ bytes }) : answer({ error: NO_INPUT_YET });
  }

  digestOf(): bigint {
    return 0n;
  }

  blockRequest(): void {}

  blockCompletion(): void {}
}

/** The host's sources of time and entropy, for devices. */
export type HostSources = Pick<Host, 'dateMilliseconds' | 'entropy'>;

const answer = ({ error = 0, bytes = new Uint8Array() }: Partial<HostFileResult>): HostFileResult => ({
  ...{ error, bytes, lengthBytes: 0 },
});
const ENOENT = 2;

/**
 * For machines that are not recorded but must behave identically in every run: the time is always 1970, and all random
 * bytes are zero.
 */
const NO_HOST_SOURCES: HostSources = {
  dateMilliseconds: () => 0,
  entropy: (lengthBytes) => new Uint8Array(lengthBytes),
};
