import type { BlockCompletion, BlockRequest, RequestLog } from '../block/blockRequest.ts';

/**
 * Forwards the disk requests that the filters report: to the recorder at the live end, and to the player in the
 * history.
 */
export class RequestLogSwitch implements RequestLog {
  target: RequestLog;

  constructor(target: RequestLog) {
    this.target = target;
  }

  digestOf(data: Uint8Array): bigint {
    return this.target.digestOf(data);
  }

  blockRequest(request: BlockRequest): void {
    this.target.blockRequest(request);
  }

  blockCompletion(completion: BlockCompletion): void {
    this.target.blockCompletion(completion);
  }
}
