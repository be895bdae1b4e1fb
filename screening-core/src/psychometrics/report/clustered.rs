use super::{Report, ResultTable, count, numbers, print_tables};
use crate::instrument::Text;
use crate::psychometrics::{ClusterMean, ClusterProportion, VarianceComponents};

print_tables!(ClusterMean, ClusterProportion, VarianceComponents);

impl Report for VarianceComponents {
    fn tables(&self) -> Vec<ResultTable> {
        let list = [
            ("mean", self.mean),
            ("se", self.mean_standard_error),
            ("between", self.between),
            ("within", self.within),
            ("icc", self.icc),
            ("icc-anova", self.icc_anova),
            ("deff", self.design_effect),
            ("n-effective", self.effective_persons),
        ];
        let mut clusters = ResultTable::new("clusters", ["cluster", "n", "mean", "reliability", "shrunken", "se"]);
        for cluster in &self.clusters {
            let own = [cluster.mean, cluster.reliability, cluster.shrunken, cluster.standard_error];
            clusters.row(&cluster.cluster, std::iter::once(count(cluster.n)).chain(numbers(own)));
        }
        vec![ResultTable::list("components-title", &list), clusters]
    }

    fn explain(&self) -> Vec<Text> {
        self.explain()
    }
}

impl Report for ClusterMean {
    fn tables(&self) -> Vec<ResultTable> {
        let list = [
            ("mean", self.mean),
            ("se", self.standard_error),
            ("lower", self.interval.0),
            ("upper", self.interval.1),
            ("deff", self.design_effect),
        ];
        vec![ResultTable::list("cluster-mean", &list)]
    }

    fn explain(&self) -> Vec<Text> {
        self.explain()
    }
}

impl Report for ClusterProportion {
    fn tables(&self) -> Vec<ResultTable> {
        let list = [
            ("share", self.mean.mean),
            ("se", self.mean.standard_error),
            ("logit-lower", self.logit.0),
            ("logit-upper", self.logit.1),
            ("korn-graubard-lower", self.korn_graubard.0),
            ("korn-graubard-upper", self.korn_graubard.1),
            ("deff", self.mean.design_effect),
        ];
        vec![ResultTable::list("cluster-share", &list)]
    }

    fn explain(&self) -> Vec<Text> {
        self.explain()
    }
}
