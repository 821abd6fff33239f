// What a machine has: the natives that rewritten expressions ask for by name.
// It runs once in each machine, before any expression, takes of the intrinsics
// what is not listed, puts methods that charge the budget in the place of those
// that could make more than they are given, and freezes all.
(function (host, lists) {
'use strict'
const { allowed, statics } = JSON.parse(lists)
const { bytes, elements } = host
const { isArray } = Array
const { keys, fromEntries, freeze, getOwnPropertyNames, getPrototypeOf } = Object
const uncurry = Function.prototype.bind.bind(Function.prototype.call)
const hasOwn = uncurry(Object.prototype.hasOwnProperty)
const getterOf = name => uncurry(Object.getOwnPropertyDescriptor(RegExp.prototype, name).get)
const sourceOf = getterOf('source'), flagsOf = getterOf('flags')
const globals = { Object, Array, String, Number, Boolean, Date, RegExp, Math, JSON }
const RegExpOf = RegExp, DateOf = Date, ArrayOf = Array, Maps = Map, trunc = Math.trunc

// The methods as they were: string.slice(s, 1).
const asFunctions = p => fromEntries(getOwnPropertyNames(p)
	.filter(k => k !== 'constructor' && typeof Object.getOwnPropertyDescriptor(p, k).value === 'function')
	.map(k => [k, uncurry(p[k])]))
const string = asFunctions(String.prototype), array = asFunctions(Array.prototype)
const newMap = { get: uncurry(Map.prototype.get), set: uncurry(Map.prototype.set), has: uncurry(Map.prototype.has) }
const allOf = map => { const list = []; for (const e of map) array.push(list, e); return list }

const toText = x => typeof x === 'string' ? x : `${x}`
const isObject = x => x !== null && typeof x === 'object' && !isArray(x)
const whole = n => trunc(+n) || 0
const textOf = s => { if (typeof s !== 'string') throw new TypeError('this method is for strings'); return s }
const listOf = l => { if (!isArray(l)) throw new TypeError('this method is for lists'); return l }
const isIndexed = x => typeof x === 'string' || isArray(x)
// listed is what f makes of each position, a step at a time.
const listed = (x, f) => {
	const out = []
	for (let i = 0, n = counted(x).length; i < n; i++) if (hasOwn(x, i)) array.push(out, f(i))
	return out
}
const copied = x => {
	const out = {}
	for (let i = 0; i < x.length; i++) if (hasOwn(x, i)) out[i] = x[i]
	return out
}
const charged = s => { bytes(s.length); return s }
const counted = l => { elements(l.length); return l }
const isPattern = p => p instanceof RegExpOf
const has = (p, flag) => string.includes(flagsOf(p), flag)
const searched = (p, flags) => isPattern(p) ? p : natives.regexp(p, flags)
const find = (p, s, from) => host.find(sourceOf(p), flagsOf(p), s, from)
const findAll = (p, s) => host.findAll(sourceOf(p), flagsOf(p), s)
const globally = p => { if (isPattern(p) && !has(p, 'g')) throw new TypeError('the regular expression needs the flag g'); return p }

// replacer makes what a match becomes, and charges it.
const replacer = by => {
	if (typeof by === 'function') return (...match) => charged(toText(by(...match)))
	by = toText(by)
	const parts = string.split(by, '$')
	return parts.length === 1 ? () => charged(by) : (...match) => expand(parts, match)
}
const expand = (parts, match) => {
	const groups = typeof match[match.length - 1] === 'object' ? array.pop(match) : undefined
	array.splice(match, match.length - 2, 2)
	const pieces = [], add = s => array.push(pieces, charged(s))
	add(parts[0])
	for (let i = 1; i < parts.length; i++) {
		const part = parts[i], first = part[0]
		if (part === '' && i + 1 < parts.length) add('$' + parts[++i])
		else if (first === '&') { add(match[0]); add(string.slice(part, 1)) }
		else if (first >= '1' && first <= '9' && +first < match.length) { add(match[first] ?? ''); add(string.slice(part, 1)) }
		else if (first === '<' && groups !== undefined) {
			const end = string.indexOf(part, '>'), name = string.slice(part, 1, end)
			add(hasOwn(groups, name) && groups[name] || '')
			add(string.slice(part, end + 1))
		} else add('$' + part)
	}
	return string.concat('', ...pieces)
}

const stringMethods = {
	repeat(n) { const s = textOf(this); n = whole(n); if (n > 0) bytes(s.length * n); return string.repeat(s, n) },
	padStart(n, fill) { return pad(string.padStart, textOf(this), n, fill) },
	padEnd(n, fill) { return pad(string.padEnd, textOf(this), n, fill) },
	concat(...others) { return natives[' text'](textOf(this), ...others) },
	normalize(form) { return host.normalize(textOf(this), form === undefined ? 'NFC' : toText(form)) },
	toLowerCase() { const s = textOf(this); bytes(s.length * 3); return string.toLowerCase(s) },
	toUpperCase() { const s = textOf(this); bytes(s.length * 3); return string.toUpperCase(s) },
	replace(p, by) {
		const s = textOf(this)
		if (!isPattern(p)) return string.replace(s, toText(p), replacer(by))
		return replaced(s, has(p, 'g') ? findAll(p, s) : first(exec(p, s)), replacer(by))
	},
	replaceAll(p, by) {
		const s = textOf(this), f = replacer(by)
		if (isPattern(globally(p))) return replaced(s, findAll(p, s), f)
		p = toText(p)
		if (p === '') return replaced(s, findAll(natives.regexp('', 'g'), s), f)
		const parts = host.split(s, p, host.left() + 1), pieces = [parts[0]]
		for (let i = 1, at = parts[0].length; i < parts.length; i++) {
			array.push(pieces, f(p, at, s), parts[i])
			at += p.length + parts[i].length
		}
		return joinText(pieces)
	},
	split(by, limit) {
		const s = textOf(this), left = host.left() + 1
		if (by === undefined) return [s]
		limit = limit === undefined ? left : Math.min(limit >>> 0, left)
		return isPattern(by) ? divided(s, by, limit) : host.split(s, toText(by), limit)
	},
	match(p) {
		const s = textOf(this)
		p = searched(p)
		if (!has(p, 'g')) return exec(p, s)
		const all = findAll(p, s)
		return all.length > 0 ? array.map(all, m => m[0]) : null
	},
	matchAll(p) { return array.values(findAll(searched(globally(p), 'g'), textOf(this))) },
	search(p) { return find(searched(p), textOf(this), 0)?.index ?? -1 },
	localeCompare(other) {
		const a = textOf(this), b = toText(other), most = 1000
		const order = string.localeCompare(string.slice(a, 0, most), string.slice(b, 0, most))
		return order !== 0 || a === b ? order : a < b ? -1 : 1
	},
	slice(a, b) { return charged(string.slice(textOf(this), a, b)) },
	substring(a, b) { return charged(string.substring(textOf(this), a, b)) },
	substr(a, b) { return charged(string.substr(textOf(this), a, b)) },
	trim() { return charged(string.trim(textOf(this))) },
	trimStart() { return charged(string.trimStart(textOf(this))) },
	trimEnd() { return charged(string.trimEnd(textOf(this))) },
}
const first = match => match === null ? [] : [match]
const replaced = (s, matches, f) => {
	const pieces = []
	let at = 0
	for (let i = 0; i < matches.length; i++) {
		const m = matches[i], { index, groups } = m
		array.push(pieces, string.slice(s, at, index), groups === undefined ? f(...m, index, s) : f(...m, index, s, groups))
		at = index + m[0].length
	}
	array.push(pieces, string.slice(s, at))
	return joinText(pieces)
}
const divided = (s, by, limit) => {
	const matches = findAll(by, s), parts = []
	let at = 0
	for (let i = 0; i < matches.length; i++) {
		const m = matches[i], { index } = m
		if (m[0] === '' && (index === at || index === s.length)) continue
		array.push(parts, string.slice(s, at, index))
		for (let j = 1; j < m.length; j++) array.push(parts, m[j])
		at = index + m[0].length
	}
	if (s !== '' || matches.length === 0) array.push(parts, string.slice(s, at))
	if (parts.length > limit) parts.length = limit
	return counted(parts)
}
// joinText is parts.join('') for texts.
const joinText = parts => {
	let n = 0
	for (let i = 0; i < parts.length; i++) n += parts[i].length
	bytes(n)
	return array.join(parts, '')
}
const pad = (f, s, n, fill) => {
	n = whole(n)
	if (n > s.length) bytes(n)
	return f(s, n, fill === undefined ? ' ' : toText(fill))
}

let joining = 0
const arrayMethods = {
	map(f) { return counted(array.map(listOf(this), f)) },
	filter(f) { return counted(array.filter(listOf(this), f)) },
	slice(a, b) { return counted(array.slice(listOf(this), a, b)) },
	with(i, x) { return counted(array.with(listOf(this), i, x)) },
	toReversed() { return counted(array.toReversed(listOf(this))) },
	splice(...args) { elements(args.length); return counted(array.splice(listOf(this), ...args)) },
	toSpliced(...args) { elements(args.length); return counted(array.toSpliced(listOf(this), ...args)) },
	push(...xs) { elements(xs.length); return array.push(listOf(this), ...xs) },
	unshift(...xs) { elements(xs.length); return array.unshift(listOf(this), ...xs) },
	concat(...xs) {
		let n = listOf(this).length
		for (let i = 0; i < xs.length; i++) n += isArray(xs[i]) ? xs[i].length : 1
		elements(n)
		return array.concat(this, ...xs)
	},
	fill(x, a, b) { elements(listOf(this).length); return array.fill(this, x, a, b) },
	flat(depth) {
		const out = []
		flatten(listOf(this), depth === undefined ? 1 : Math.min(whole(depth), 100), out)
		return out
	},
	flatMap(f) {
		const out = []
		flatten(counted(array.map(listOf(this), f)), 1, out)
		return out
	},
	join(by) {
		by = by === undefined ? ',' : toText(by)
		if (joining === 50) throw new RangeError('a list inside itself, or nested too deep, cannot be joined')
		joining++
		try {
			const parts = []
			for (let i = 0; i < listOf(this).length; i++) {
				const part = this[i] == null ? '' : toText(this[i])
				bytes(part.length + by.length)
				array.push(parts, part)
			}
			return array.join(parts, by)
		} finally { joining-- }
	},
	toString() { return joined(listOf(this)) },
	sort(f) {
		if (f !== undefined) return array.sort(listOf(this), f)
		const sorted = byText(listOf(this))
		for (let i = 0; i < sorted.length; i++) this[i] = sorted[i]
		return this
	},
	toSorted(f) { counted(listOf(this)); return f === undefined ? byText(this) : array.toSorted(this, f) },
}
const joined = uncurry(arrayMethods.join)

const flatten = (list, depth, out) => {
	for (let i = 0; i < list.length; i++) {
		if (depth > 0 && isArray(list[i])) flatten(list[i], depth - 1, out)
		else { elements(1); array.push(out, list[i]) }
	}
}
// order sorts [key, value] by the keys, undefined last.
const order = pairs => array.map(array.sort(pairs, ([a], [b]) =>
	a === b ? 0 : a === undefined ? 1 : b === undefined ? -1 : a < b ? -1 : a > b ? 1 : 0), p => p[1])
const byText = list => order(array.map(list, x => [x === undefined ? x : charged(toText(x)), x]))

const regexpMethods = {
	exec(s) {
		s = toText(s)
		const moves = has(this, 'g') || has(this, 'y'), match = find(this, s, moves ? this.lastIndex : 0)
		if (moves) this.lastIndex = match === null ? 0 : match.index + match[0].length
		return match
	},
	test(s) { return exec(this, s) !== null },
	toString() { return natives[' text']('/', sourceOf(this), '/', flagsOf(this)) },
}
const exec = uncurry(regexpMethods.exec)

// No more digits than these count.
const numberOf = parseFloat, parsed = x => numberOf(string.slice(string.trimStart(toText(x)), 0, 2000))

const natives = {
	undefined, NaN, Infinity,
	' counted': host.counted,
	' text': (...parts) => {
		let n = 0
		for (let i = 0; i < parts.length; i++) n += (parts[i] = toText(parts[i])).length
		bytes(n)
		return string.concat('', ...parts)
	},
	' get': (o, k) => {
		if (o === undefined || o === null) return undefined
		if (typeof k !== 'number') k = toText(k)
		else return o[k]
		return hasOwn(o, k) ? o[k] : undefined
	},
	' pick': (o, k, outside) => isObject(o) && hasOwn(o, k) ? o[k] : outside,
	' spread': x => {
		if (isArray(x)) return counted(x)
		const out = []
		for (const v of x) { elements(1); array.push(out, v) }
		return out
	},
	' arguments': x => {
		const list = natives[' spread'](x)
		if (list.length > 10000) throw new RangeError('a function is given more than 10000 arguments')
		return list
	},
	' members': x => {
		if (isIndexed(x)) return copied(counted(x))
		if (isObject(x)) elements(keys(x).length)
		return x
	},

	String: x => x === undefined ? 'undefined' : toText(x), Number: x => +x, Boolean: x => !!x,
	Array: (...xs) => {
		if (xs.length !== 1 || typeof xs[0] !== 'number') return xs
		elements(xs[0])
		return new ArrayOf(xs[0])
	},
	'Array.from': (x, f) => {
		let list = []
		if (isObject(x) && hasOwn(x, 'length')) {
			const n = whole(x.length)
			elements(n)
			for (let i = 0; i < n; i++) array.push(list, x[i])
		} else for (const v of natives[' spread'](x)) array.push(list, v)
		return f === undefined ? list : array.map(list, (v, i) => f(v, i))
	},
	'Array.of': (...xs) => xs,
	'JSON.parse': x => host.parse(toText(x)),
	'JSON.stringify': (x, _, indent) => host.stringify(x, typeof indent === 'number' ? whole(indent) : 0),
	'Object.keys': x => isIndexed(x) ? listed(x, i => toText(i)) : counted(keys(x)),
	'Object.values': x => isIndexed(x) ? listed(x, i => x[i]) : counted(values(x)),
	'Object.entries': x => isIndexed(x) ? listed(x, i => [toText(i), x[i]]) : counted(entries(x)),
	'Object.fromEntries': x => fromEntries(natives[' spread'](x)),
	'Object.hasOwn': (o, k) => hasOwn(o, toText(k)),
	'String.fromCharCode': (...xs) => codes(...xs),
	'String.fromCodePoint': (...xs) => points(...xs),

	isFinite, isNaN, parseFloat: parsed, 'Number.parseFloat': parsed, parseInt,
	decodeURI: s => decoded(charged(toText(s))), decodeURIComponent: s => decodedComponent(charged(toText(s))),
	encodeURI: s => { s = toText(s); bytes(s.length * 9); return encoded(s) },
	encodeURIComponent: s => { s = toText(s); bytes(s.length * 9); return encodedComponent(s) },

	regexp: (p, flags) => {
		if (isPattern(p)) return p
		p = toText(p ?? '')
		flags = toText(flags ?? '')
		host.pattern(p, flags)
		return new RegExpOf(p, flags)
	},
	newDate: (...xs) => new DateOf(...xs),
	formatDate: (date, format) => host.formatDate(+(date instanceof DateOf ? date : new DateOf(date)), toText(format)),
	parseJson: x => host.parse(toText(x)),
	literal: x => x,
	uuid: () => host.uuid(),
	canonicalise: (s, most) => host.canonicalise(toText(s ?? ''), most === undefined ? 0 : whole(most)),
	stripHtml: s => host.stripHtml(toText(s ?? '')),
	path: (selector, ...value) => host.path(toText(selector), ...value),
	pathPattern: (pattern, decode, url, ...input) => host.pathPattern(toText(pattern), !!decode, url == null ? '' : toText(url), ...input),
	pathCombine: (...parts) => {
		let out = ''
		for (let i = 0; i < parts.length; i++) {
			const part = toText(parts[i] ?? '')
			if (out === '' || part === '') out = natives[' text'](out, part)
			else if (out[out.length - 1] === '/') out = natives[' text'](out, part[0] === '/' ? string.slice(part, 1) : part)
			else out = natives[' text'](out, part[0] === '/' ? '' : '/', part)
		}
		return out
	},

	expressionMap: (list, f) => isArray(list) ? counted(array.map(list, x => f(x))) : null,
	expressionFilter: (list, f) => isArray(list) ? counted(array.filter(list, x => f(x))) : null,
	expressionFind: (list, f) => isArray(list) ? array.find(list, x => f(x)) : null,
	expressionReduce: (list, start, f) => isArray(list) ? array.reduce(list, (sum, x) => f(x, sum), start) : start,
	expressionSort: (list, f) => isArray(list) ? order(array.map(counted(list), x => [f(x), x])) : null,
	expressionMax: (list, f) => best(list, f, (a, b) => a > b),
	expressionMin: (list, f) => best(list, f, (a, b) => a < b),
	expressionGroup: (list, f) => {
		if (!isArray(list)) return null
		const groups = new Maps()
		for (let i = 0; i < counted(list).length; i++) {
			const key = toText(f(list[i]))
			if (!newMap.has(groups, key)) newMap.set(groups, key, [])
			array.push(newMap.get(groups, key), list[i])
		}
		return fromEntries(allOf(groups))
	},
	transformMap: (list, at) => isArray(list) ? counted(array.map(list, x => host.transform(x, at))) : null,
	unique: list => {
		if (!isArray(list)) return list
		const seen = new Maps()
		return counted(array.filter(list, x => {
			const key = x !== null && typeof x === 'object' ? host.stringify(x, 0) : x
			return !newMap.has(seen, key) && !!newMap.set(seen, key, true)
		}))
	},
	merge: (...xs) => array.reduce(xs, (a, b) => merged(a, b), undefined),
	propsToList: (o, key) => {
		key = key === undefined ? '$key' : toText(key)
		return isObject(o) ? array.map(counted(entries(o)), ([k, v]) => isObject(v) ? { ...v, [key]: k } : { [key]: k, value: v }) : []
	},
	entityChange: (before, after, id) => {
		before = isArray(before) ? before : []
		after = isArray(after) ? after : []
		id = toText(id ?? 'id')
		elements(before.length + after.length)
		const old = new Maps(), kept = new Maps()
		let last = 0
		const known = x => isObject(x) && hasOwn(x, id) && x[id] !== null
		array.forEach(before, x => { if (known(x)) { newMap.set(old, x[id], x); if (x[id] > last) last = x[id] } })
		array.forEach(after, x => { if (known(x)) { newMap.set(kept, x[id], x); if (x[id] > last) last = x[id] } })
		return {
			created: array.map(array.filter(after, x => !known(x) || !newMap.has(old, x[id])), x => known(x) ? x : { ...x, [id]: ++last }),
			updated: array.filter(after, x => known(x) && newMap.has(old, x[id]) && host.stringify(newMap.get(old, x[id]), 0) !== host.stringify(x, 0)),
			deleted: array.filter(before, x => known(x) && !newMap.has(kept, x[id])),
		}
	},
}
const { values, entries } = Object
const codes = String.fromCharCode, points = String.fromCodePoint
const encoded = encodeURI, encodedComponent = encodeURIComponent
const decoded = decodeURI, decodedComponent = decodeURIComponent
const best = (list, f, better) => isArray(list) ? array.reduce(list, (found, x) => {
	const value = f(x)
	return found === undefined || better(value, found) ? value : found
}, undefined) : null
const merged = (a, b) => {
	if (!isObject(a) || !isObject(b)) return b === undefined ? a : b
	elements(keys(a).length + keys(b).length)
	const all = { ...a, ...b }
	return fromEntries(array.map(keys(all), k => [k, hasOwn(a, k) && hasOwn(b, k) ? merged(a[k], b[k]) : all[k]]))
}
for (const object in statics) for (const name of statics[object]) {
	const full = object + '.' + name, own = globals[object][name]
	// What is given to sort is looked at by the watchdog if it is JavaScript.
	if (!hasOwn(natives, full)) natives[full] = typeof own === 'function' ? (...xs) => own(...xs) : own
}

// What is not listed goes, and what stays is frozen.
const prune = (prototype, names, own) => {
	for (const name of getOwnPropertyNames(prototype)) {
		if (name !== 'length' && !array.includes(names, name)) delete prototype[name]
		else if (typeof prototype[name] === 'function') freeze(prototype[name])
	}
	for (const name in own) Object.defineProperty(prototype, name, { value: freeze(own[name]), writable: false, enumerable: false, configurable: false })
}
const iterators = [[].values(), ''[Symbol.iterator](), ''.matchAll(/x/g), new Map().values()].map(getPrototypeOf)
const errors = [Error, TypeError, RangeError, SyntaxError, ReferenceError, URIError].map(e => e.prototype)
for (const name in allowed) prune(globals[name].prototype, allowed[name], name === 'String' ? stringMethods : name === 'Array' ? arrayMethods : name === 'RegExp' ? regexpMethods : {})
for (const error of errors) prune(error, ['message', 'name', 'toString'], {})
prune(Function.prototype, ['toString'], {})
for (const p of [...iterators, getPrototypeOf(iterators[0]), ...errors, Function.prototype, ...keys(allowed).map(k => globals[k].prototype)]) freeze(p)
for (const name in natives) if (typeof natives[name] === 'function') freeze(natives[name])
return natives
})
