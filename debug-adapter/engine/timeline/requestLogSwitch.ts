import type { BlockCompletion, BlockRequest, RequestLog } from '../block/blockRequest.ts';

/** Where the filters' words go: to the recorder of the present or to the player of the past. */
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
