/** All cases in lines.test.ts pass; `npm test` runs only a selection of them. */
import './lines.test.ts';
