import { assert } from '../base/assert.ts';
import type { ArmedStopPoints } from './armedStopPoints.ts';
import type { AccessBytes, Board } from './board.ts';
import type { HartBus } from './cpu/hartBus.ts';

/** Forwards the hart's calls to the board and to the stop points, which are created after the hart. */
export class MachineBus implements HartBus {
  private board!: Board;
  private stopPoints!: ArmedStopPoints;

  /** Called once, before the first step. */
  connect(board: Board, stopPoints: ArmedStopPoints): void {
    assert(!this.board, 'the bus is connected once');
    this.board = board;
    this.stopPoints = stopPoints;
  }

  read(address: number, sizeBytes: AccessBytes): number | undefined {
    return this.board.read(address, sizeBytes);
  }

  write(address: number, value: number, sizeBytes: AccessBytes): boolean {
    return this.board.write(address, value, sizeBytes);
  }

  get upperHalf(): number {
    return this.board.upperHalf;
  }

  set upperHalf(value: number) {
    this.board.upperHalf = value;
  }

  semihost(): boolean {
    return this.board.semihosting?.call() ?? false;
  }

  atBreakpoint(pc: bigint): boolean {
    return this.stopPoints.atBreakpoint(pc);
  }

  atException(): boolean {
    return this.stopPoints.atException();
  }

  watched(access: 'read' | 'write', offset: number, lengthBytes: number): void {
    this.stopPoints.watched(access, offset, lengthBytes);
  }
}
