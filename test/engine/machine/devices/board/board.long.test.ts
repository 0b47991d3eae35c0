/** All cases of board.test.ts pass; `npm test` runs a selection. */
import './board.test.ts';
