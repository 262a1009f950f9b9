# A small evaluator of modules, for machines that have Nix and no nixpkgs. It knows what our own
# module needs of nixpkgs' lib, with the same names and the same complaints, and nothing else.
let
  inherit (builtins)
    attrNames attrValues concatLists concatMap elem elemAt filter foldl' hasAttr head isAttrs isBool
    isFunction isInt isFloat isList isPath isString length listToAttrs mapAttrs match replaceStrings
    substring stringLength toJSON;

  optional = condition: value: if condition then [ value ] else [ ];
  optionals = condition: values: if condition then values else [ ];
  optionalString = condition: text: if condition then text else "";
  optionalAttrs = condition: set: if condition then set else { };
  concatStringsSep = builtins.concatStringsSep;
  showOption = concatStringsSep ".";
  unique = foldl' (seen: value: if elem value seen then seen else seen ++ [ value ]) [ ];
  marked = kind: value: isAttrs value && value._type or "" == kind;
  recursiveUpdate = old: new:
    old // mapAttrs
      (name: value:
        if isAttrs value && isAttrs (old.${name} or null) && !(value ? _type) then recursiveUpdate old.${name} value else value)
      new;

  # --- Properties: values that are conditional, several, or of another weight ---

  mkIf = condition: content: { _type = "if"; inherit condition content; };
  mkMerge = contents: { _type = "merge"; inherit contents; };
  mkOverride = priority: content: { _type = "override"; inherit priority content; };
  mkDefault = mkOverride 1000;
  mkForce = mkOverride 50;

  # Sets behind a property, with the property moved to each attribute: its condition may depend on
  # other attributes of the very same set, so it is not looked at here.
  pushedDown = value:
    if marked "merge" value then concatMap pushedDown value.contents
    else if marked "if" value then map (mapAttrs (_: mkIf value.condition)) (pushedDown value.content)
    else if marked "override" value then map (mapAttrs (_: mkOverride value.priority)) (pushedDown value.content)
    else [ value ];

  discharged = value:
    if marked "merge" value then concatMap discharged value.contents
    else if marked "if" value then (if value.condition then discharged value.content else [ ])
    else if marked "override" value then
      map (inner: inner // { inherit (value) priority; }) (discharged value.content)
    else [ { priority = 100; inherit value; } ];

  weightiest = found:
    let top = foldl' (least: each: if each.priority < least then each.priority else least) 9999 found;
    in map (each: each.value) (filter (each: each.priority == top) found);

  # --- Types: `merge` takes the place's name and the values that weigh most ---

  shown = value: builtins.unsafeDiscardStringContext
    (if isFunction value then "<function>" else if isAttrs value && value ? type && value.type == "derivation" then "<derivation>" else toJSON value);

  mistyped = place: type: value: throw
    "A definition for option `${showOption place}' is not of type `${type.description}'. Definition values: ${shown value}";

  one = place: type: values:
    let wrong = filter (value: !type.check value) values;
    in
    if wrong != [ ] then mistyped place type (head wrong)
    else if length (unique values) > 1 then throw
      "The option `${showOption place}' has conflicting definition values: ${concatStringsSep ", " (map shown (unique values))}"
    else head values;

  mkType = attributes:
    let type = { _type = "option-type"; merge = place: one place type; check = _: true; options = { }; } // attributes;
    in type;

  merged = place: type: definitions:
    type.merge place (weightiest (concatMap discharged definitions));

  isStringLike = value: isString value || (isAttrs value && (value ? outPath || value ? __toString));

  types = rec {
    bool = mkType { description = "boolean"; check = isBool; };
    int = mkType { description = "signed integer"; check = isInt; };
    float = mkType { description = "floating point number"; check = isFloat; };
    str = mkType { description = "string"; check = isString; };
    package = mkType { description = "package"; check = value: isAttrs value && value.type or "" == "derivation"; };
    path = mkType {
      description = "absolute path";
      check = value: isPath value || (isStringLike value && substring 0 1 (toString value) == "/");
    };
    ints = {
      unsigned = mkType { description = "unsigned integer, meaning >=0"; check = value: isInt value && value >= 0; };
      positive = mkType { description = "positive integer, meaning >0"; check = value: isInt value && value > 0; };
    };
    port = mkType {
      description = "16 bit unsigned integer; between 0 and 65535 (both inclusive)";
      check = value: isInt value && value >= 0 && value <= 65535;
    };
    lines = mkType {
      description = "strings concatenated with \"\\n\"";
      check = isString;
      merge = place: values: if builtins.all isString values then concatStringsSep "\n" values else mistyped place lines values;
    };
    enum = known: mkType {
      description = "one of ${concatStringsSep ", " (map toJSON known)}";
      check = value: elem value known;
    };
    addCheck = type: check: type // { check = value: type.check value && check value; };
    nullOr = inner: mkType {
      description = "null or ${inner.description}";
      check = value: value == null || inner.check value;
      merge = place: values:
        if builtins.all (value: value == null) values then null else inner.merge place (filter (value: value != null) values);
    };
    either = first: second: mkType {
      description = "${first.description} or ${second.description}";
      check = value: first.check value || second.check value;
      merge = place: values:
        if builtins.all first.check values then first.merge place values
        else if builtins.all second.check values then second.merge place values
        else mistyped place (either first second) (head values);
    };
    oneOf = known: foldl' either (head known) (builtins.tail known);
    listOf = inner: mkType {
      description = "list of ${inner.description}";
      check = isList;
      merge = place: values:
        let wrong = filter (value: !isList value) values;
        in
        if wrong != [ ] then mistyped place (listOf inner) (head wrong)
        else
          map (value: merged (place ++ [ "*" ]) inner [ value ])
            (filter (value: discharged value != [ ]) (concatLists values));
    };
    attrsOf = inner: mkType {
      description = "attribute set of ${inner.description}";
      check = value: isAttrs value && !(value ? _type);
      merge = place: values:
        let
          wrong = filter (value: !isAttrs value) values;
          definitions = concatMap pushedDown values;
          names = unique (concatMap attrNames definitions);
          found = name: concatMap (set: optional (set ? ${name}) set.${name}) definitions;
        in
        if wrong != [ ] then mistyped place (attrsOf inner) (head wrong)
        else
          listToAttrs (map (name: { inherit name; value = merged (place ++ [ name ]) inner (found name); })
            (filter (name: concatMap discharged (found name) != [ ]) names));
    };
    lazyAttrsOf = attrsOf;
    # Whatever fits together: sets and lists grow, all else must agree.
    anything = mkType {
      description = "anything";
      merge = place: values:
        if builtins.all (value: isAttrs value && value.type or "" != "derivation") values then (attrsOf anything).merge place values
        else if builtins.all isList values then concatLists values
        else one place anything values;
    };
    submodule = inner: mkType {
      description = "submodule";
      check = value: isAttrs value || isFunction value;
      merge = place: values:
        let wrong = filter (value: !isAttrs value && !isFunction value) values;
        in
        if wrong != [ ] then mistyped place (submodule inner) (head wrong)
        else (evalModulesAt place { modules = [ inner ] ++ values; specialArgs = { name = elemAt place (length place - 1); }; }).config;
    };
  };

  # --- Modules ---

  mkOption = attributes: { _type = "option"; } // attributes;

  evalModulesAt = place: { modules, specialArgs ? { } }:
    let
      arguments = { inherit lib; config = result; inherit (tree) options; } // specialArgs;
      opened = module:
        let
          body = if isPath module || isString module then import module else module;
          value = if isFunction body then body arguments else body;
          isFull = value ? options || value ? config;
        in
        concatMap opened (value.imports or [ ])
        ++ [
          {
            options = value.options or { };
            config = if isFull then value.config or { } else builtins.removeAttrs value [ "imports" "freeformType" ];
            freeform = optional (value ? freeformType) value.freeformType;
          }
        ];
      all = concatMap opened modules;
      tree.options = foldl' recursiveUpdate { } (map (each: each.options) all);
      freeform = concatMap (each: each.freeform) all;
      result = evaluated place tree.options (map (each: each.config) all) freeform;
    in
    { config = result; inherit (tree) options; };

  evaluated = place: options: configs: freeform:
    let
      definitions = concatMap pushedDown configs;
      found = name: concatMap (set: optional (set ? ${name}) set.${name}) definitions;
      strange = filter (name: !hasAttr name options) (unique (concatMap attrNames definitions));
      free = if strange == [ ] then { } else
        (head freeform).merge place
          (map (set: listToAttrs (concatMap (name: optional (set ? ${name}) { inherit name; value = set.${name}; }) strange)) definitions);
      known = mapAttrs
        (name: option:
          if marked "option" option then ofOption (place ++ [ name ]) option (found name)
          else evaluated (place ++ [ name ]) option (found name) freeform)
        options;
    in
    if strange != [ ] && freeform == [ ] then throw
      "The option `${showOption (place ++ [ (head strange) ])}' does not exist."
    else free // known;

  ofOption = place: option: definitions:
    let
      found = concatMap discharged definitions
        ++ optional (option ? default) { priority = 1500; value = option.default; };
      value =
        if found == [ ] then throw "The option `${showOption place}' was accessed but has no value defined."
        else (option.type or types.anything).merge place (weightiest found);
    in
    (option.apply or (same: same)) value;

  lib = {
    inherit
      attrNames attrValues concatMap concatStringsSep elem elemAt filter foldl' hasAttr head length mapAttrs
      mkDefault mkForce mkIf mkMerge mkOption mkOverride optional optionalAttrs optionals optionalString
      recursiveUpdate types unique;
    evalModules = evalModulesAt [ ];
    mkEnableOption = what: mkOption { type = types.bool; default = false; description = "Whether to enable ${what}."; };
    literalExpression = text: { _type = "literalExpression"; inherit text; };
    genAttrs = names: make: listToAttrs (map (name: { inherit name; value = make name; }) names);
    filterAttrs = keep: set:
      listToAttrs (map (name: { inherit name; value = set.${name}; }) (filter (name: keep name set.${name}) (attrNames set)));
    mapAttrsToList = make: set: map (name: make name set.${name}) (attrNames set);
    nameValuePair = name: value: { inherit name value; };
    inherit listToAttrs;
    last = list: elemAt list (length list - 1);
    hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
    removePrefix = prefix: text:
      if substring 0 (stringLength prefix) text == prefix then substring (stringLength prefix) (stringLength text) text else text;
    toInt = text: builtins.fromJSON text;
    escapeShellArg = text:
      if match "[A-Za-z0-9_%+,./:=@-]+" text != null then text else "'${replaceStrings [ "'" ] [ "'\\''" ] text}'";
    getExe = package: "${package}/bin/${package.meta.mainProgram or package.pname or package.name}";
    getExe' = package: name: "${package}/bin/${name}";
    maintainers = { };
    licenses.mit = { spdxId = "MIT"; };
    fileset = {
      unions = folders: folders;
      toSource = { root, fileset }: builtins.seq (map builtins.pathExists fileset) root;
    };
  };
in
lib
