/**
 * The public interface of this folder, for the entry files: the protocol side, the engine side and their messages.
 */
export { Adapter } from './adapter.ts';
export { EngineLink } from './engineLink.ts';
export { EngineService } from './engineService.ts';
export { failureOf } from './failure.ts';
export { type EngineEvent, makeSignals, type EngineRequest } from './messages.ts';
