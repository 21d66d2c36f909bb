/** Enough of ONNX's protocol buffers to write a model of one node with f32, int32 and bool inputs of fixed shape. */

/** An unsigned integer, seven bits a byte, lowest first. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest % 128) + (rest >= 128 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return bytes;
}

type Field = number[];
const bytesField = (field: number, bytes: readonly number[]): Field => [
  ...varint(field * 8 + 2),
  ...varint(bytes.length),
  ...bytes,
];
const textField = (field: number, text: string): Field => bytesField(field, [...new TextEncoder().encode(text)]);
const intField = (field: number, value: number): Field => [...varint(field * 8), ...varint(value)];
const floatField = (field: number, value: number): Field => [
  ...varint(field * 8 + 5),
  ...new Uint8Array(Float32Array.of(value).buffer),
];

/** An input or output of a graph, of a fixed shape. */
export interface OnnxTensor {
  name: string;
  type: 'f32' | 'int32' | 'bool';
  shape: number[];
}

/** One operator with its attributes. */
export interface OnnxNode {
  operator: string;
  /** "" is ONNX's own set of operators. */
  domain: string;
  /** Names in the operator's order; "" leaves an optional input out. */
  inputs: string[];
  outputs: string[];
  attributes: Record<string, { int: number } | { float: number }>;
}

/** Numbers of onnx.proto: TensorProto.DataType. */
const ELEMENT_TYPES = { f32: 1, int32: 6, bool: 9 } as const;

function valueInfo({ name, type, shape }: OnnxTensor): Field {
  const dims = shape.flatMap((size) => bytesField(1, intField(1, size)));
  const tensor = [...intField(1, ELEMENT_TYPES[type]), ...bytesField(2, dims)];
  return [...textField(1, name), ...bytesField(2, bytesField(1, tensor))];
}

/** The bytes of a ModelProto (onnx.proto, IR version 10) with ONNX operator set 23. */
export function writeOnnxModel(node: OnnxNode, inputs: readonly OnnxTensor[], output: OnnxTensor): Uint8Array {
  const attributes = Object.entries(node.attributes).flatMap(([name, value]) =>
    'int' in value
      ? bytesField(5, [...textField(1, name), ...intField(3, value.int), ...intField(20, 2)])
      : bytesField(5, [...textField(1, name), ...floatField(2, value.float), ...intField(20, 1)]),
  );
  const nodeBytes = [
    ...node.inputs.flatMap((name) => textField(1, name)),
    ...node.outputs.flatMap((name) => textField(2, name)),
    ...textField(4, node.operator),
    ...attributes,
    ...(node.domain === '' ? [] : textField(7, node.domain)),
  ];
  const graph = [
    ...bytesField(1, nodeBytes),
    ...textField(2, 'attention'),
    ...inputs.flatMap((input) => bytesField(11, valueInfo(input))),
    ...bytesField(12, valueInfo(output)),
  ];
  const operatorSet = (domain: string, version: number) =>
    bytesField(8, [...textField(1, domain), ...intField(2, version)]);
  return new Uint8Array([
    ...intField(1, 10),
    ...operatorSet('', 23),
    ...operatorSet('com.microsoft', 1),
    ...bytesField(7, graph),
  ]);
}
