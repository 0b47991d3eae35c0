/** What the entry files join: the protocol's side, the engine's side, and what goes between them. */
export { Adapter } from './adapter.ts';
export { EngineLink } from './engineLink.ts';
export { EngineService } from './engineService.ts';
export { type FromEngine, makeSignals, type ToEngine } from './messages.ts';
