//! A complete optimizer in Rust, by the C ABI alone: no crate, no binding generator, one file for rustc.
//!
//!     m = beta m + (1 - beta) g
//!     x -= lr e^(sign(g) sign(m)) g
//!
//! Where the gradient agrees with its own average the step is e times as long, where it does not, e times as short.
//! The structs below are those of tuner/abi.h 1.0, which is the specification.

use std::os::raw::{c_char, c_void};

// ------------------------------------------------------------------ abi.h

const OK: i32 = 0;
const ERROR: i32 = -1;
const UNSUPPORTED: i32 = -4;
const ABI_MAJOR: u32 = 1;
const ABI_MINOR: u32 = 0;
const ABI_TAG: u32 = 0x3436504c;
const KIND_OPTIMIZER: u32 = 1;
const PLUGIN_ELEMENTWISE: u32 = 0x01; // every element alone: the host may pass a tensor in parts
const TYPE_F64: u32 = 1;
const PARAM_SCHEDULABLE: u32 = 0x02; // schedulers may drive it
const PARAM_MAX_OPEN: u32 = 0x20; // max itself is not legal
const PARAM_SEARCHABLE: u32 = 0x40; // the search range is given
const SCALE_LOG: u32 = 1;
const SCALE_LOG1M: u32 = 2; // even in log(1 - value)
const SCOPE_ELEMENT: u32 = 0;
const DTYPE_AS_TENSOR: u32 = 0;
const DTYPE_F32: u32 = 1;
const DTYPE_F64: u32 = 2;

type Text = *const c_char;
type Opaque = *const c_void; // a pointer that this plugin neither gives nor follows

#[repr(C)]
struct Error {
    struct_size: u32,
    reserved: u32,
    text: [u8; 504],
}

#[repr(C)]
struct Param {
    struct_size: u32,
    kind: u32,
    flags: u32,
    search_scale: u32,
    id: Text,
    doc: Text,
    unit: Text,
    default_value: f64,
    min: f64,
    max: f64,
    search_min: f64,
    search_max: f64,
    choices: *const Text,
    default_text: Text,
    n_choices: u32,
    reserved: u32,
}

#[repr(C)]
struct Options {
    struct_size: u32,
    n_groups: u32,
    n_params: u32,
    list_stride: u32,
    values: *const f64,
    lists: Opaque,
}

#[repr(C)]
struct Tensor {
    struct_size: u32,
    rank: u32,
    dtype: u32,
    group: u32,
    data: *mut c_void,
    grad: *mut c_void,
    slots: *const *mut c_void,
    numel: u64,
    first_index: u64,
    info: Opaque,
}

#[repr(C)]
struct Slot {
    struct_size: u32,
    scope: u32,
    dtype: u32,
    count_param: i32,
    fill: f64,
    id: Text,
    doc: Text,
}

#[repr(C)]
struct StepArgs {
    struct_size: u32,
    n_tensors: u32,
    tensor_stride: u32,
    reserved: u32,
    host: Opaque,
    tensors: *const Tensor,
    options: *const Options,
    global_slots: *const *mut c_void,
    closure: Opaque,
    inner: Opaque,
    rng: *mut c_void,
    step: i64,
    horizon: i64,
    loss: f64,
    error: *mut Error,
    out_flags: *mut u32,
}

#[repr(C)]
struct Optimizer {
    struct_size: u32,
    n_slots: u32,
    slot_stride: u32,
    state_version: u32, // raise it when a slot changes its meaning
    slots: *const Slot,
    step: extern "C" fn(*const StepArgs) -> i32,
    init: Opaque,
    slot_extent: Opaque,
    evaluation_point: Opaque,
    check: Opaque,
}

#[repr(C)]
struct Plugin {
    struct_size: u32,
    kind: u32,
    flags: u32,
    n_params: u32,
    param_stride: u32,
    reserved: u32,
    id: Text,
    name: Text,
    version: Text,
    doc: Text,
    details: Text,
    reference: Text,
    params: *const Param,
    vtable: *const Optimizer,
    get_extension: Opaque,
}

#[repr(C)]
pub struct Library {
    struct_size: u32,
    abi_major: u32,
    abi_minor: u32,
    min_host_minor: u32,
    abi_tag: u32,
    n_plugins: u32,
    plugins: *const &'static Plugin,
    name: Text,
    version: Text,
    licence: Text,
    url: Text,
    build: Text,
    build_flags: u32,
    reserved: u32,
}

// Sizes of ABI 1.0, as abi_layout.h asserts them.
const _: () = assert!(size_of::<Error>() == 512 && size_of::<Param>() == 104 && size_of::<Options>() == 32);
const _: () = assert!(size_of::<Tensor>() == 64 && size_of::<Slot>() == 40 && size_of::<StepArgs>() == 112);
const _: () = assert!(size_of::<Optimizer>() == 64 && size_of::<Plugin>() == 96 && size_of::<Library>() == 80);

// Constant data behind pointers, which Rust does not share between threads unasked.
unsafe impl Sync for Param {}
unsafe impl Sync for Slot {}
unsafe impl Sync for Optimizer {}
unsafe impl Sync for Plugin {}
unsafe impl Sync for Library {}

// ------------------------------------------------------------------ the plugin

// A text that ends in 0, as C wants it.
macro_rules! text {
    ($text:expr) => {
        concat!($text, "\0").as_ptr() as Text
    };
}

const fn size_of<T>() -> usize {
    std::mem::size_of::<T>()
}

const LR: usize = 0;
const BETA: usize = 1;

static PARAMS: [Param; 2] = [
    Param {
        id: text!("lr"),
        doc: text!("step size"),
        default_value: 1e-2,
        search_scale: SCALE_LOG,
        search_min: 1e-5,
        search_max: 1e-1,
        ..real()
    },
    Param {
        id: text!("beta"),
        doc: text!("decay of m"),
        flags: PARAM_SCHEDULABLE | PARAM_SEARCHABLE | PARAM_MAX_OPEN,
        default_value: 0.9,
        max: 1.0,
        search_scale: SCALE_LOG1M,
        search_min: 0.5,
        search_max: 0.99,
        ..real()
    },
];

// What both options have in common: numbers from 0 on that can be scheduled and searched.
const fn real() -> Param {
    Param {
        struct_size: size_of::<Param>() as u32,
        kind: TYPE_F64,
        flags: PARAM_SCHEDULABLE | PARAM_SEARCHABLE,
        search_scale: 0,
        id: std::ptr::null(),
        doc: std::ptr::null(),
        unit: text!(""),
        default_value: 0.0,
        min: 0.0,
        max: f64::INFINITY,
        search_min: 0.0,
        search_max: 0.0,
        choices: std::ptr::null(),
        default_text: std::ptr::null(),
        n_choices: 0,
        reserved: 0,
    }
}

static SLOTS: [Slot; 1] = [Slot {
    struct_size: size_of::<Slot>() as u32,
    scope: SCOPE_ELEMENT,
    dtype: DTYPE_AS_TENSOR,
    count_param: -1, // no option multiplies it
    fill: 0.0,
    id: text!("m"),
    doc: text!("moving average of the gradient"),
}];

// The rule, for f32 and f64. Zipped slices have no bounds checks, so the loop becomes a vector loop.
macro_rules! update {
    ($name:ident, $real:ty) => {
        fn $name(x: &mut [$real], g: &[$real], m: &mut [$real], lr: f64, beta: f64) {
            let (decay, rest) = (beta as $real, (1.0 - beta) as $real);
            let (lr, e) = (lr as $real, std::f64::consts::E as $real);
            for ((x, &g), m) in x.iter_mut().zip(g).zip(m) {
                *m = decay * *m + rest * g;
                let agrees = (g > 0.0 && *m > 0.0) || (g < 0.0 && *m < 0.0);
                let differs = (g > 0.0 && *m < 0.0) || (g < 0.0 && *m > 0.0);
                let factor = if agrees { e } else if differs { 1.0 / e } else { 1.0 };
                *x -= lr * factor * g;
            }
        }
    };
}
update!(update_f32, f32);
update!(update_f64, f64);

// The `n` values at a pointer of the host. Nothing that the host passes overlaps. An empty tensor may have no address.
unsafe fn values<'a, T>(at: *mut c_void, n: u64) -> &'a mut [T] {
    if n == 0 {
        return &mut [];
    }
    std::slice::from_raw_parts_mut(at as *mut T, n as usize)
}

unsafe fn update_all(args: &StepArgs) -> i32 {
    let options = &*args.options;
    for i in 0..args.n_tensors as usize {
        // Arrays of structs are walked with the stride that the host gives: its structs may have grown.
        let t = &*((args.tensors as *const u8).add(i * args.tensor_stride as usize) as *const Tensor);
        if t.grad.is_null() {
            continue; // frozen: its data must not change, and it has no slots
        }
        let row = options.values.add(t.group as usize * options.n_params as usize);
        let (lr, beta) = (*row.add(LR), *row.add(BETA));
        let (n, m) = (t.numel, *t.slots);
        match t.dtype {
            DTYPE_F32 => update_f32(values(t.data, n), values(t.grad, n), values(m, n), lr, beta),
            DTYPE_F64 => update_f64(values(t.data, n), values(t.grad, n), values(m, n), lr, beta),
            _ => return fail(args.error, UNSUPPORTED, "power_sign knows f32 and f64 only"),
        }
    }
    OK
}

unsafe fn fail(error: *mut Error, status: i32, why: &str) -> i32 {
    if let Some(error) = error.as_mut() {
        let n = why.len().min(error.text.len() - 1);
        error.text[..n].copy_from_slice(&why.as_bytes()[..n]);
        error.text[n] = 0;
    }
    status
}

// Nothing unwinds across the ABI boundary.
extern "C" fn step(args: *const StepArgs) -> i32 {
    let args = unsafe { &*args };
    std::panic::catch_unwind(|| unsafe { update_all(args) })
        .unwrap_or_else(|_| unsafe { fail(args.error, ERROR, "power_sign panicked") })
}

static OPTIMIZER: Optimizer = Optimizer {
    struct_size: size_of::<Optimizer>() as u32,
    n_slots: 1,
    slot_stride: size_of::<Slot>() as u32,
    state_version: 1,
    slots: SLOTS.as_ptr(),
    step,
    init: std::ptr::null(),
    slot_extent: std::ptr::null(),
    evaluation_point: std::ptr::null(),
    check: std::ptr::null(),
};

static PLUGIN: Plugin = Plugin {
    struct_size: size_of::<Plugin>() as u32,
    kind: KIND_OPTIMIZER,
    flags: PLUGIN_ELEMENTWISE,
    n_params: 2,
    param_stride: size_of::<Param>() as u32,
    reserved: 0,
    id: text!("power_sign"),
    name: text!("PowerSign"),
    version: text!("1.0.0"),
    doc: text!("longer steps where the gradient agrees with its average, in Rust"),
    details: text!(
        "m = beta m + (1 - beta) g,  x -= lr e^(sign(g) sign(m)) g,  sign(0) = 0\n\
         lr = 0 and g = 0 leave x alone; the first step is lr e g."
    ),
    reference: text!("Bello, Zoph, Vasudevan, Le 2017, Neural optimizer search with reinforcement learning, PowerSign"),
    params: PARAMS.as_ptr(),
    vtable: &OPTIMIZER,
    get_extension: std::ptr::null(),
};

static PLUGINS: [&Plugin; 1] = [&PLUGIN];

static LIBRARY: Library = Library {
    struct_size: size_of::<Library>() as u32,
    abi_major: ABI_MAJOR,
    abi_minor: ABI_MINOR,
    min_host_minor: 0, // any host of this major will do
    abi_tag: ABI_TAG,
    n_plugins: 1,
    plugins: PLUGINS.as_ptr(),
    name: text!("power_sign"),
    version: text!("1.0.0"),
    licence: text!("MIT"),
    url: text!(""),
    build: text!("rustc"),
    build_flags: 0,
    reserved: 0,
};

/// The library's only exported symbol. The same constant data at every call.
#[no_mangle]
pub extern "C" fn tuner_plugin_v1(_host_minor: u32) -> &'static Library {
    &LIBRARY
}
