/** All cases in board.test.ts pass; `npm test` runs only a selection of them. */
import './board.test.ts';
