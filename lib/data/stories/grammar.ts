import type { Random } from "../../tensor/random.ts";

/** Words, or rows of words that belong together, from which a template draws. */
export interface WordList {
  /** Names of the columns; the first is the one that a template gets without asking for another. */
  fields: string[];
  /** One text per field; each is a template itself. */
  rows: string[][];
  /** Whether rows near the head are drawn more often, as words are in real text; otherwise all are equally likely. */
  falling: boolean;
}

/**
 * A grammar whose sentences are templates. In a template,
 *
 * - `{=hero}` draws a row of the slot's list for the rest of the text, unlike every other slot of the same list;
 * - `{hero}` and `{hero.his}` write the first or the named field of what was drawn;
 * - `{#color}` and `{#animal.home}` write a field of a row drawn for this place alone;
 * - `{@ending}` writes a rule; `[one|another|]` writes one of the alternatives, each as likely as the next;
 * - `{^hero.he}` writes with a capital, `{a #fruit}` with "a" or "an" before it, `{A #fruit}` with "A" or "An".
 *
 * White space counts as one space, and an empty line as the end of a paragraph.
 */
export interface Grammar {
  /** The lists by name. */
  lists: Record<string, WordList>;
  /** The slots by name, and the list that each draws from. */
  slots: Record<string, string>;
  /** The rules by name. */
  rules: Record<string, string>;
}

// A template becomes a flat program: operation, operands, operation, operands ..., END.
const END = 0; // return to the caller
const LITERAL = 1; // first byte, number of bytes: write them
const CALL = 2; // address
const CHOOSE = 3; // number of alternatives, their addresses
const DRAW = 4; // slot: choose a row of its list
const FIELD = 5; // slot, table: run the drawn row's program
const PICK = 6; // list, table: draw a row and run its program

type Form = "" | "^" | "a" | "A";

interface Program {
  address: number;
  /** The most bytes that running it can write. */
  longest: number;
}

/** A grammar ready to run: one flat program over one array of bytes, so that writing text is copying bytes. */
export class CompiledGrammar {
  /** The most bytes that one run can write; {@linkcode CompiledGrammar.write} needs that much room. */
  readonly longest: number;
  #code: Int32Array;
  #bytes: Uint8Array;
  #start: number;
  #listOfSlot: Int32Array;
  #rowsOfList: Int32Array;
  #falling: Uint8Array;
  #slots: Int32Array;
  #lastPick: Int32Array;
  #random!: Random;
  #target!: Uint8Array;
  #position = 0;

  /**
   * Compiles the grammar.
   *
   * @param start The rule that a text begins with.
   * @throws {Error} If a template is malformed, names something unknown, or a rule calls itself.
   */
  constructor(grammar: Grammar, start: string) {
    const compiler = new Compiler(grammar);
    const program = compiler.rule(start);
    this.#start = program.address;
    this.longest = program.longest;
    this.#code = Int32Array.from(compiler.code);
    this.#bytes = Uint8Array.from(compiler.bytes);
    const lists = Object.keys(grammar.lists);
    this.#listOfSlot = Int32Array.from(Object.values(grammar.slots), (list) => lists.indexOf(list));
    this.#rowsOfList = Int32Array.from(Object.values(grammar.lists), (list) => list.rows.length);
    this.#falling = Uint8Array.from(Object.values(grammar.lists), (list) => list.falling ? 1 : 0);
    this.#slots = new Int32Array(this.#listOfSlot.length);
    this.#lastPick = new Int32Array(lists.length);
  }

  /**
   * Writes one text into `target` from `position` on; needs room for {@linkcode CompiledGrammar.longest} bytes.
   *
   * @returns The position after the text.
   */
  write(random: Random, target: Uint8Array, position: number): number {
    this.#random = random;
    this.#target = target;
    this.#position = position;
    this.#slots.fill(-1);
    this.#lastPick.fill(-1);
    this.#run(this.#start);
    return this.#position;
  }

  #run(address: number): void {
    const code = this.#code;
    for (let at = address;;) {
      switch (code[at]) {
        case END:
          return;
        case LITERAL: {
          // The texts are a few bytes long, where a loop is faster than TypedArray.set and its view.
          const bytes = this.#bytes, target = this.#target;
          const end = code[at + 1] + code[at + 2];
          let position = this.#position;
          for (let from = code[at + 1]; from < end; from++) target[position++] = bytes[from];
          this.#position = position;
          at += 3;
          break;
        }
        case CALL:
          this.#run(code[at + 1]);
          at += 2;
          break;
        case CHOOSE: {
          const count = code[at + 1];
          this.#run(code[at + 2 + Math.floor(this.#random.uint32() / 4294967296 * count)]);
          at += 2 + count;
          break;
        }
        case DRAW:
          this.#draw(code[at + 1]);
          at += 2;
          break;
        case FIELD:
          if (this.#slots[code[at + 1]] < 0) {
            throw new Error("Cannot write a text: a template uses a slot before drawing it");
          }
          this.#run(code[code[at + 2] + this.#slots[code[at + 1]]]);
          at += 3;
          break;
        case PICK: {
          const list = code[at + 1];
          let row = this.#row(list);
          while (row === this.#lastPick[list]) row = this.#row(list);
          this.#lastPick[list] = row;
          this.#run(code[code[at + 2] + row]);
          at += 3;
          break;
        }
      }
    }
  }

  #draw(slot: number): void {
    const slots = this.#slots, lists = this.#listOfSlot;
    slots[slot] = -1;
    for (;;) {
      const row = this.#row(lists[slot]);
      let taken = false;
      for (let other = 0; other < slots.length; other++) {
        if (slots[other] === row && lists[other] === lists[slot]) taken = true;
      }
      if (!taken) {
        slots[slot] = row;
        return;
      }
    }
  }

  #row(list: number): number {
    const uniform = this.#random.uint32() / 4294967296;
    return Math.floor(this.#rowsOfList[list] * (this.#falling[list] === 1 ? uniform * uniform : uniform));
  }
}

/** Turns templates into programs, each only once. */
class Compiler {
  readonly code: number[] = [];
  readonly bytes: number[] = [];
  #grammar: Grammar;
  #lists: string[];
  #slots: string[];
  #programs = new Map<string, Program>();
  #tables = new Map<string, Program>();
  #rules = new Map<string, Program | "open">();

  constructor(grammar: Grammar) {
    this.#grammar = grammar;
    this.#lists = Object.keys(grammar.lists);
    this.#slots = Object.keys(grammar.slots);
  }

  rule(name: string): Program {
    const known = this.#rules.get(name);
    if (known === "open") throw new Error(`Cannot compile the grammar: rule "${name}" calls itself`);
    if (known !== undefined) return known;
    const template = this.#grammar.rules[name];
    if (template === undefined) throw new Error(`Cannot compile the grammar: there is no rule "${name}"`);
    this.#rules.set(name, "open");
    const program = this.#template(unfold(template));
    this.#rules.set(name, program);
    return program;
  }

  #template(template: string): Program {
    const known = this.#programs.get(template);
    if (known !== undefined) return known;
    const operations: number[] = [];
    let longest = 0;
    let at = 0;
    const call = ({ address, longest: bytes }: Program) => {
      operations.push(CALL, address);
      longest += bytes;
    };
    while (at < template.length) {
      if (template[at] === "[") {
        const close = closing(template, at);
        const programs = alternatives(template.slice(at + 1, close)).map((text) => this.#template(text));
        operations.push(CHOOSE, programs.length, ...programs.map(({ address }) => address));
        longest += Math.max(...programs.map(({ longest }) => longest));
        at = close + 1;
      } else if (template[at] === "{") {
        const close = template.indexOf("}", at);
        const [, form, kind, name, field] =
          /^(\^|[aA] )?([=#@]?)(\w+)(?:\.(\w+))?$/.exec(template.slice(at + 1, close)) ??
            fail(template, "is not a placeholder", at);
        if (kind === "@") {
          call(this.rule(name));
        } else if (kind === "=") {
          operations.push(DRAW, this.#index(this.#slots, name, template));
        } else {
          const slot = kind === "#" ? -1 : this.#index(this.#slots, name, template);
          const list = slot < 0 ? name : this.#grammar.slots[name];
          const table = this.#table(list, field, (form ?? "").trim() as Form, template);
          operations.push(
            slot < 0 ? PICK : FIELD,
            slot < 0 ? this.#index(this.#lists, list, template) : slot,
            table.address,
          );
          longest += table.longest;
        }
        at = close + 1;
      } else {
        const next = /[[{\]}|]/.exec(template.slice(at))?.index ?? template.length - at;
        if (next === 0) fail(template, "is not opened", at);
        operations.push(LITERAL, this.#literal(template.slice(at, at + next)), next);
        longest += next;
        at += next;
      }
    }
    const program = { address: this.code.length, longest };
    this.code.push(...operations, END);
    this.#programs.set(template, program);
    return program;
  }

  /** Addresses of the programs of one field for each row of a list. */
  #table(list: string, field: string | undefined, form: Form, template: string): Program {
    const { fields, rows } = this.#grammar.lists[list] ?? fail(template, `names the unknown list "${list}"`);
    const column = field === undefined ? 0 : this.#index(fields, field, template);
    const key = `${list} ${column} ${form}`;
    const known = this.#tables.get(key);
    if (known !== undefined) return known;
    const programs = rows.map((row) => this.#template(inForm(row[column], form)));
    const table = { address: this.code.length, longest: Math.max(...programs.map(({ longest }) => longest)) };
    this.code.push(...programs.map(({ address }) => address));
    this.#tables.set(key, table);
    return table;
  }

  #literal(text: string): number {
    const start = this.bytes.length;
    this.bytes.push(...new TextEncoder().encode(text));
    if (this.bytes.length - start !== text.length) fail(text, "is not ASCII");
    return start;
  }

  #index(names: string[], name: string, template: string): number {
    const index = names.indexOf(name);
    return index >= 0 ? index : fail(template, `names the unknown "${name}"`);
  }
}

/** Takes a rule's layout away: line ends beside a bracket or bar go, others are spaces, an empty line is a line end. */
function unfold(template: string): string {
  const paragraphs = template.trim().split(/\n\s*\n/);
  return paragraphs.map((paragraph) =>
    paragraph.trim().replace(/\s*\n\s*(?=[|\]])|(?<=[[|])\s*\n\s*/g, "").replace(/\s+/g, " ")
  ).join("\n");
}

function fail(template: string, what: string, at = 0): never {
  throw new Error(`Cannot compile the grammar: ${JSON.stringify(template.slice(at, at + 60))} ${what}`);
}

/** A row's text in the form that a placeholder asks for; a placeholder that the text begins with takes on the form. */
function inForm(text: string, form: Form): string {
  if (form === "") return text;
  if (text.startsWith("{")) return `{${form === "^" ? "^" : `${form} `}${text.slice(1)}`;
  if (!/^[a-z]/i.test(text)) fail(text, `has no form "${form}"`);
  if (form === "^") return text[0].toUpperCase() + text.slice(1);
  return `${form}${isSpokenWithVowel(text) ? "n" : ""} ${text}`;
}

/** Whether "an" goes before a word: it begins with a vowel's sound, not always with a vowel's letter. */
function isSpokenWithVowel(word: string): boolean {
  return /^(?:[aeiou]|hour|honest)/i.test(word) && !/^(?:uni|use|one|ukulele)/i.test(word);
}

/** The bracket that closes the one at `open`. */
function closing(template: string, open: number): number {
  let depth = 0;
  for (let at = open; at < template.length; at++) {
    if (template[at] === "[") depth++;
    if (template[at] === "]" && --depth === 0) return at;
  }
  return fail(template, "is not closed", open);
}

/** Splits the inside of a bracket at its own bars, not at those of brackets within. */
function alternatives(inside: string): string[] {
  const parts = [""];
  let depth = 0;
  for (const character of inside) {
    if (character === "[") depth++;
    if (character === "]") depth--;
    if (character === "|" && depth === 0) parts.push("");
    else parts[parts.length - 1] += character;
  }
  return parts;
}
