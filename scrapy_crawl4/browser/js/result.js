// Returns what a script returned as "v" and JSON; "l" for more characters than `most`, "x" for what cannot be passed on.
// It relies on as little as it can of what the page may have replaced, such as JSON.stringify.
(value, most) => {
    const DEEPEST = 100;
    const LARGE = {};
    const above = [];
    let out = "";
    const add = text => {
        out += text;
        if (out.length > most) throw LARGE;
    };
    const hex = "0123456789abcdef";
    const controls = "\0\x01\x02\x03\x04\x05\x06\x07\b\t\n\v\f\r\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f";
    const escape = sign => {
        let code = 0;
        while (controls[code] !== sign) code++;
        return "\\u00" + hex[code >> 4] + hex[code & 15];
    };
    const quote = text => {
        if (text.length > most) throw LARGE;
        let quoted = "\"";
        for (let place = 0; place < text.length; place++) {
            const sign = text[place];
            if (sign < " ") quoted += escape(sign);
            else if (sign === "\"" || sign === "\\") quoted += "\\" + sign;
            else if (sign < "\ud800" || sign > "\udfff") quoted += sign;
            else if (sign < "\udc00" && text[place + 1] >= "\udc00" && text[place + 1] <= "\udfff")
                quoted += sign + text[++place];
            else quoted += "\ufffd";
        }
        return quoted + "\"";
    };
    const named = value => {
        if (value.window === value) return "ref: <Window>";
        if (value === document) return "ref: <Document>";
        if (value instanceof Node) return "ref: <Node>";
        if (value instanceof Date) return value >= 0 || value < 0 ? value.toISOString() : null;
        const told = [RegExp, URL, Error, String, Number, Boolean];
        for (let kind = 0; kind < told.length; kind++) if (value instanceof told[kind]) return "" + value;
        return undefined;
    };
    const write = value => {
        const kind = typeof value;
        if (kind === "string") add(quote(value));
        else if (kind === "boolean" || (kind === "number" && value - value === 0)) add("" + value);
        else if (kind === "bigint") add(quote("" + value));
        else if (kind !== "object" || value === null || above.length >= DEEPEST) add("null");
        else writeObject(value);
    };
    const writeObject = value => {
        for (let place = 0; place < above.length; place++) if (above[place] === value) return add("null");
        const name = named(value);
        if (name !== undefined) return write(name);
        above[above.length] = value;
        if (Array.isArray(value) || ArrayBuffer.isView(value)) {
            add("[");
            for (let place = 0; place < value.length; place++) {
                if (place) add(",");
                write(value[place]);
            }
            add("]");
        } else {
            const keys = Object.keys(value);
            if (!keys.length && typeof value.toJSON === "function") write(value.toJSON());
            else {
                add("{");
                for (let place = 0; place < keys.length; place++) {
                    add((place ? "," : "") + quote(keys[place]) + ":");
                    write(value[keys[place]]);
                }
                add("}");
            }
        }
        above.length--;
    };
    try {
        write(value);
    } catch (error) {
        return error === LARGE ? "l" : "x";
    }
    return "v" + out;
}
