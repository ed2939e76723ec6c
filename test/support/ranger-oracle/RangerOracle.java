import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.reflect.TypeToken;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.apache.ranger.authorization.hadoop.config.RangerPluginConfig;
import org.apache.ranger.plugin.contextenricher.RangerTagForEval;
import org.apache.ranger.plugin.model.RangerPolicy;
import org.apache.ranger.plugin.model.RangerRole;
import org.apache.ranger.plugin.model.RangerService;
import org.apache.ranger.plugin.model.RangerServiceDef;
import org.apache.ranger.plugin.model.validation.RangerPolicyValidator;
import org.apache.ranger.plugin.model.validation.RangerServiceDefValidator;
import org.apache.ranger.plugin.model.validation.RangerValidator;
import org.apache.ranger.plugin.policyengine.RangerAccessRequestImpl;
import org.apache.ranger.plugin.policyengine.RangerAccessResource;
import org.apache.ranger.plugin.policyengine.RangerAccessResourceImpl;
import org.apache.ranger.plugin.policyengine.RangerAccessResult;
import org.apache.ranger.plugin.policyengine.RangerPluginContext;
import org.apache.ranger.plugin.policyengine.RangerPolicyEngineImpl;
import org.apache.ranger.plugin.policyengine.RangerPolicyEngineOptions;
import org.apache.ranger.plugin.service.RangerBasePlugin;
import org.apache.ranger.plugin.store.ServiceStore;
import org.apache.ranger.plugin.util.RangerAccessRequestUtil;
import org.apache.ranger.plugin.util.RangerRoles;
import org.apache.ranger.plugin.util.RangerUserStore;
import org.apache.ranger.plugin.util.ServicePolicies;

/**
 * Answers what Apache Ranger's own code makes of JSON: a line in, a line out. A line with `tests` is a service with requests
 * to decide; one without is a service definition with policies to validate.
 */
public class RangerOracle {
    static final Gson gson = new GsonBuilder()
            .setDateFormat("yyyyMMdd-HH:mm:ss.SSSZ")
            .registerTypeAdapter(
                    RangerAccessResource.class,
                    (com.google.gson.JsonDeserializer<RangerAccessResource>)
                            (json, type, context) -> context.deserialize(json, RangerAccessResourceImpl.class))
            .create();

    static class Tags {
        String serviceName;
        RangerServiceDef serviceDef;
        Map<String, String> serviceConfig;
        List<RangerPolicy> tagPolicies;
    }

    static class Service {
        String serviceName;
        RangerServiceDef serviceDef;
        List<RangerPolicy> policies;
        Tags tagPolicyInfo;
        Map<String, ServicePolicies.SecurityZoneInfo> securityZones;
        Map<String, String> serviceConfig;
        String auditMode;
        Set<String> superUsers, superGroups, auditExcludedUsers, auditExcludedGroups, auditExcludedRoles;
        Map<String, Set<String>> userRoles, groupRoles, roleRoles;
        List<Test> tests;
    }

    static class Test {
        JsonElement request;
        Map<String, Map<String, String>> userAttributes, groupAttributes;
    }

    public static void main(String[] arguments) throws Exception {
        // Standard output is for answers alone; whatever else is printed goes beside it.
        PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            boolean decides = JsonParser.parseString(line).getAsJsonObject().has("tests");
            Service service = gson.fromJson(line, Service.class);
            answers.println(decides ? decide(service) : validate(service));
        }
    }

    /** For each request the answers of access, mask and row filter. */
    static JsonArray decide(Service service) {
        RangerPluginContext context = new RangerPluginContext(configOf(service));
        RangerPolicyEngineImpl engine = new RangerPolicyEngineImpl(policiesOf(service), context, rolesOf(service));
        JsonArray all = new JsonArray();
        for (Test test : service.tests) {
            JsonArray answers = new JsonArray();
            for (int policyType = 0; policyType <= 2; policyType++)
                answers.add(answer(engine, policyType, requestOf(test, service.serviceDef)));
            all.add(answers);
        }
        return all;
    }

    static JsonObject answer(RangerPolicyEngineImpl engine, int policyType, RangerAccessRequestImpl request) {
        JsonObject answer = new JsonObject();
        try {
            RangerAccessResult result = engine.evaluatePolicies(request, policyType, null);
            engine.evaluateAuditPolicies(result);
            if (policyType == 0) {
                answer.addProperty("isAllowed", result.getIsAllowed());
                answer.addProperty("isAudited", result.getIsAudited());
            } else {
                answer.addProperty("policyId", result.getPolicyId());
                if (policyType == 1) {
                    answer.addProperty("mask", result.getMaskType());
                    answer.addProperty("value", result.getMaskedValue());
                } else answer.addProperty("filter", result.getFilterExpr());
            }
        } catch (RuntimeException thrown) {
            answer.addProperty("error", String.valueOf(thrown));
        }
        return answer;
    }

    static RangerPluginConfig configOf(Service service) {
        RangerPolicyEngineOptions options = new RangerPolicyEngineOptions();
        options.disableTagPolicyEvaluation = false;
        options.disableTagRetriever = true;
        options.disableAccessEvaluationWithPolicyACLSummary = true;
        options.optimizeTrieForRetrieval = false;
        options.cacheAuditResults = false;
        RangerPluginConfig config =
                new RangerPluginConfig("hive", null, "oracle", "cluster", "on-prem", options);
        set(config, "super.users", service.superUsers);
        set(config, "super.groups", service.superGroups);
        set(config, "audit.exclude.users", service.auditExcludedUsers);
        set(config, "audit.exclude.groups", service.auditExcludedGroups);
        set(config, "audit.exclude.roles", service.auditExcludedRoles);
        // Its constructor is what reads these settings.
        new RangerBasePlugin(config);
        return config;
    }

    static void set(RangerPluginConfig config, String name, Set<String> values) {
        if (values != null) config.set(config.getPropertyPrefix() + "." + name, String.join(",", values));
    }

    static ServicePolicies policiesOf(Service service) {
        ServicePolicies policies = new ServicePolicies();
        policies.setPolicyVersion(1L);
        policies.setServiceName(service.serviceName);
        policies.setServiceDef(service.serviceDef);
        policies.setPolicies(service.policies);
        policies.setSecurityZones(service.securityZones);
        policies.setServiceConfig(service.serviceConfig);
        if (service.auditMode != null) policies.setAuditMode(service.auditMode);
        if (service.tagPolicyInfo == null) return policies;
        ServicePolicies.TagPolicies tags = new ServicePolicies.TagPolicies();
        tags.setServiceName(service.tagPolicyInfo.serviceName);
        tags.setServiceDef(service.tagPolicyInfo.serviceDef);
        tags.setPolicies(service.tagPolicyInfo.tagPolicies);
        tags.setServiceConfig(service.tagPolicyInfo.serviceConfig);
        if (service.auditMode != null) tags.setAuditMode(service.auditMode);
        policies.setTagPolicies(tags);
        return policies;
    }

    /** One role for each name: of two with one name Ranger takes either. */
    static RangerRoles rolesOf(Service service) {
        Map<String, RangerRole> roles = new HashMap<>();
        Function<String, RangerRole> make = name ->
                new RangerRole(name, name, null, new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        each(service.userRoles, (member, role) -> roles.computeIfAbsent(role, make).getUsers().add(member));
        each(service.groupRoles, (member, role) -> roles.computeIfAbsent(role, make).getGroups().add(member));
        each(service.roleRoles, (member, role) -> {
            roles.computeIfAbsent(member.getName(), make);
            roles.computeIfAbsent(role, make).getRoles().add(member);
        });
        RangerRoles all = new RangerRoles();
        all.setServiceName(service.serviceName);
        all.setRoleVersion(-1L);
        all.setRangerRoles(new HashSet<>(roles.values()));
        return all;
    }

    static void each(Map<String, Set<String>> rolesOfMember, BiConsumer<RangerRole.RoleMember, String> membership) {
        if (rolesOfMember == null) return;
        rolesOfMember.forEach((name, roles) ->
                roles.forEach(role -> membership.accept(new RangerRole.RoleMember(name, true), role)));
    }

    static RangerAccessRequestImpl requestOf(Test test, RangerServiceDef serviceDef) {
        RangerAccessRequestImpl request = gson.fromJson(test.request, RangerAccessRequestImpl.class);
        // Derived from the access type by the setter only.
        request.setAccessType(request.getAccessType());
        Map<String, Object> context = new HashMap<>(request.getContext());
        Object tags = context.remove("TAGS");
        request.setContext(context);
        if (tags != null) {
            Set<RangerTagForEval> read =
                    gson.fromJson((String) tags, new TypeToken<Set<RangerTagForEval>>() {}.getType());
            RangerAccessRequestUtil.setRequestTagsInContext(request.getContext(), read);
        }
        ((RangerAccessResourceImpl) request.getResource()).setServiceDef(serviceDef);
        if (test.userAttributes != null || test.groupAttributes != null) {
            RangerUserStore users = new RangerUserStore();
            // Scripts cannot be run where one of them is null.
            users.setUserAttrMapping(test.userAttributes == null ? new HashMap<>() : test.userAttributes);
            users.setGroupAttrMapping(test.groupAttributes == null ? new HashMap<>() : test.groupAttributes);
            RangerAccessRequestUtil.setRequestUserStoreInContext(request.getContext(), users);
        }
        return request;
    }

    /** What the validators of the server say to the service definition and to each policy: null or the reason. */
    static JsonObject validate(Service service) {
        boolean[] isCreated = {false};
        ServiceStore store = storeOf(service, isCreated);
        JsonObject answer = new JsonObject();
        answer.addProperty("serviceDef", reasonOf(() ->
                new RangerServiceDefValidator(store).validate(service.serviceDef, RangerValidator.Action.CREATE)));
        isCreated[0] = true;
        JsonArray policies = new JsonArray();
        for (RangerPolicy policy : service.policies)
            policies.add(reasonOf(() ->
                    new RangerPolicyValidator(store).validate(policy, RangerValidator.Action.CREATE, true)));
        answer.add("policies", policies);
        return answer;
    }

    interface Step {
        void run() throws Exception;
    }

    static String reasonOf(Step step) {
        try {
            step.run();
            return null;
        } catch (Exception thrown) {
            return String.valueOf(thrown.getMessage());
        }
    }

    /** A server that has one service, and no policies yet. */
    static ServiceStore storeOf(Service asked, boolean[] isCreated) {
        RangerService service = new RangerService();
        service.setId(1L);
        service.setType(asked.serviceDef.getName());
        service.setName(asked.serviceName);
        service.setIsEnabled(true);
        return (ServiceStore) Proxy.newProxyInstance(
                RangerOracle.class.getClassLoader(), new Class<?>[] {ServiceStore.class}, (proxy, method, arguments) -> {
                    Class<?> type = method.getReturnType();
                    if (type == RangerServiceDef.class) return isCreated[0] ? asked.serviceDef : null;
                    if (type == RangerService.class) return asked.serviceName.equals(arguments[0]) || arguments[0] instanceof Long ? service : null;
                    if (type == boolean.class) return false;
                    if (type == long.class) return 0L;
                    if (type == int.class) return 0;
                    return List.class.isAssignableFrom(type) ? new ArrayList<>() : null;
                });
    }
}
