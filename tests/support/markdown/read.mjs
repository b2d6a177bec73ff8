// A file of texts in (a JSON array), the HTML that marked and remark-gfm make of each out. Raw HTML
// stays.
import { readFileSync } from "node:fs";
import { marked } from "marked";
import rehypeStringify from "rehype-stringify";
import remarkGfm from "remark-gfm";
import remarkParse from "remark-parse";
import remarkRehype from "remark-rehype";
import { unified } from "unified";

const remark = unified()
  .use(remarkParse)
  .use(remarkGfm)
  .use(remarkRehype, { allowDangerousHtml: true })
  .use(rehypeStringify, { allowDangerousHtml: true });

const read = (text) => ({ marked: marked.parse(text, { gfm: true }), remark: String(remark.processSync(text)) });
process.stdout.write(JSON.stringify(JSON.parse(readFileSync(process.argv[2], "utf8")).map(read)));
